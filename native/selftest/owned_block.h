// A block in memory of exactly the layout's size, so that AddressSanitizer detects accesses outside of it.
#pragma once

#include <memory>

#include "reactor/exchange.h"

namespace brink::selftest {

class OwnedBlock {
 public:
  OwnedBlock() : words_(new uint32_t[layout::kBlockWords]), bytes_(new char[layout::kBlockBytes]) {
    block_.words = words_.get();
    block_.bytes = bytes_.get();
  }

  reactor::Block* get() { return &block_; }

 private:
  std::unique_ptr<uint32_t[]> words_;
  std::unique_ptr<char[]> bytes_;
  reactor::Block block_;
};

}  // namespace brink::selftest
