// A block of exactly the layout's size that can be closed: whoever touches it while it belongs to somebody else, or
// leaves it, is seen by AddressSanitizer. Its memory is kept from input to input, for to make it takes longer than most
// of them.
#pragma once

#include <sanitizer/asan_interface.h>

#include <memory>

#include "reactor/exchange.h"

namespace brink::fuzz {

class GuardedBlock {
 public:
  explicit GuardedBlock(uint32_t index)
      : words_(new uint32_t[layout::kBlockWords]()), bytes_(new char[layout::kBlockBytes]()) {
    block_.words = words_.get();
    block_.bytes = bytes_.get();
    block_.index = index;
    close();
  }

  reactor::Block* open() {
    ASAN_UNPOISON_MEMORY_REGION(words_.get(), layout::kBlockWords * sizeof(uint32_t));
    ASAN_UNPOISON_MEMORY_REGION(bytes_.get(), layout::kBlockBytes);
    return &block_;
  }
  void close() {
    ASAN_POISON_MEMORY_REGION(words_.get(), layout::kBlockWords * sizeof(uint32_t));
    ASAN_POISON_MEMORY_REGION(bytes_.get(), layout::kBlockBytes);
  }

 private:
  std::unique_ptr<uint32_t[]> words_;
  std::unique_ptr<char[]> bytes_;
  reactor::Block block_;
};

}  // namespace brink::fuzz
