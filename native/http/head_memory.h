// Heads that were parsed and judged before. Clients send the same one over and over, byte for byte, and what it says
// then is known without parsing it again: a comparison of bytes takes a tenth of the time. It holds a bounded number of
// short ones. One for each reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "http/request_head.h"

namespace brink::http {

class HeadMemory {
 public:
  struct Entry {
    uint32_t number;     // from 1 on; another head may get it later
    bool is_new = true;  // nobody has been told the number since
    uint64_t line_hash;
    std::vector<char> bytes;  // with the empty line at its end
    RequestHead head;

    bool begins(const char* text, size_t length) const {
      return bytes.size() <= length && std::memcmp(bytes.data(), text, bytes.size()) == 0;
    }
  };
  static constexpr size_t kEntries = 256;

  // The one that these bytes begin with, or null.
  Entry* find(const char* bytes, size_t size) {
    return last_ && last_->begins(bytes, size) ? last_ : look_up(bytes, size);
  }

  // A head that came without a body. It is kept when it comes a second time.
  void remember(const char* bytes, size_t size, const RequestHead& head);

 private:
  Entry* look_up(const char* bytes, size_t size);

  static constexpr size_t kWays = 4;
  struct Set {
    std::unique_ptr<Entry> entries[kWays];
    uint64_t seen = 0;  // the last one that was not kept
    uint8_t next = 0;   // to be replaced
  };

  std::vector<Set> sets_;
  Entry* last_ = nullptr;  // the one that was found last: most often it is the next one, too
};

}  // namespace brink::http
