// A growing buffer of bytes to be sent. It keeps its memory when it is cleared.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "net/system.h"

namespace brink::net {

class ByteBuffer {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Slice slice() const { return {bytes_.get(), size_}; }
  void clear() { size_ = 0; }

  // Room for `most` bytes at the end; call added() with the end of what was written.
  char* room(size_t most) {
    if (capacity_ - size_ < most) grow(most);
    return bytes_.get() + size_;
  }
  void added(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }

  void append(Slice bytes) {
    if (bytes.size == 0) return;
    std::memcpy(room(bytes.size), bytes.data, bytes.size);
    size_ += bytes.size;
  }
  void append(std::string_view text) { append(Slice{text.data(), text.size()}); }

 private:
  void grow(size_t more) {
    size_t capacity = capacity_ * 2 > size_ + more ? capacity_ * 2 : size_ + more;
    std::unique_ptr<char[]> bytes(new char[capacity]);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace brink::net
