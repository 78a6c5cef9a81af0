// Memory in whole pages from the system. It is returned to the system when it is released; an allocator would keep
// it.
#pragma once

#include <cstddef>
#include <utility>

#include "net/system.h"

namespace brink::net {

class Pages {
 public:
  Pages() = default;
  Pages(Pages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, size_t{0})) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Pages() { release(); }

  // Allocates after releasing the previous memory. False when the system has no memory.
  bool allocate(size_t size) {
    release();
    data_ = system::allocate_pages(size);
    size_ = size;
    return data_ != nullptr;
  }
  void release() {
    if (data_) system::free_pages(std::exchange(data_, nullptr), size_);
  }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace brink::net
