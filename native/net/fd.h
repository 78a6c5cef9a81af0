// Owns a descriptor: closes it at the end of its scope. Movable but not copyable, so that a descriptor is closed
// exactly once.
#pragma once

#include <utility>

#include "net/system.h"

namespace brink::net {

class Fd {
 public:
  Fd() = default;
  explicit Fd(Descriptor descriptor) : descriptor_(descriptor) {}
  Fd(Fd&& other) noexcept : descriptor_(std::exchange(other.descriptor_, kNoDescriptor)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = std::exchange(other.descriptor_, kNoDescriptor);
    }
    return *this;
  }
  ~Fd() { reset(); }

  Descriptor get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ != kNoDescriptor; }
  void reset() {
    if (descriptor_ != kNoDescriptor) system::close(std::exchange(descriptor_, kNoDescriptor));
  }

 private:
  Descriptor descriptor_ = kNoDescriptor;
};

}  // namespace brink::net
