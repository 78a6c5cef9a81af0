// Heads that were parsed and judged before. Clients send the same one over and over, byte for byte, or one that differs
// in nothing but its target; what it says then is known without parsing it again: comparing bytes takes a tenth of the
// time. It holds a bounded number of short ones. One for each reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "http/memory_of.h"
#include "http/request_head.h"

namespace brink::http {

class HeadMemory {
 public:
  struct Head : Remembered {
    std::vector<char> bytes;  // with the empty line at its end
    RequestHead head;
    std::shared_ptr<const void> note;  // what somebody has made of it, to spare the same for the next one

    bool begins(const char* text, size_t length) const {
      return bytes.size() <= length && std::memcmp(bytes.data(), text, bytes.size()) == 0;
    }
  };

  // All that stands behind a request line of HTTP/1.1.
  struct Fields : Remembered {
    std::vector<char> bytes;    // with the empty line at its end
    std::vector<Field> fields;  // of which the offsets count from here
    uint32_t traits = 0;
    bool keep_alive = true;
  };

  // The head that these bytes begin with, or null.
  Head* find(const char* bytes, size_t size) {
    if (!last_ || !last_->begins(bytes, size)) return look_up(bytes, size);
    last_->is_used = true;
    return last_;
  }

  // The fields that these bytes are, or null.
  Fields* find_fields(const char* bytes, size_t size);

  // A head that came without a body. It is kept when it comes a second time; and so are its fields.
  void remember(const char* bytes, size_t size, const RequestHead& head);
  // The same, of one whose fields were known.
  void remember_head(const char* bytes, size_t size, const RequestHead& head);

 private:
  Head* look_up(const char* bytes, size_t size);
  void keep_head(const char* bytes, size_t size, size_t line_size, const RequestHead& head);
  void keep_fields(const char* bytes, size_t size, size_t line_size, const RequestHead& head);

  MemoryOf<Head> heads_;
  MemoryOf<Fields> fields_;
  Head* last_ = nullptr;  // the one that was found last: most often it is the next one, too
};

}  // namespace brink::http
