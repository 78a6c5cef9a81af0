// Finds whole heads in what arrives: passes over the empty lines before them, and keeps the bytes of one that is not
// complete, within the limits. A head that arrives whole is not copied. Owned by one connection.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_line.h"
#include "net/system.h"

namespace brink::http {

class HeadBytes {
 public:
  // Takes bytes from `*at` on: up to the end of the next head, or all of them. `*head` is the whole head, with its
  // empty line; it holds until release(), or the next call. It is empty while the head is not complete. What is refused
  // is in
  // `*head`, as far as it has come.
  Refusal take(const char** at, const char* end, const Limits& limits, net::Slice* head);

  // Forgets the head that was taken.
  void release() { unfinished_.reset(); }

  // What has come of a head that is not complete.
  net::Slice kept() const;
  bool has_begun() const { return unfinished_ != nullptr; }
  // A CR has come, of an empty line: of no request.
  bool waits_for_lf() const { return cr_waits_; }

 private:
  struct Unfinished {
    std::vector<char> bytes;
    size_t searched = 0;   // for the end
    size_t lines_end = 0;  // so far every line ends as it should
    RequestLine line;
  };

  Refusal pass_empty_lines(const char** at, const char* end);
  Refusal keep(const char** at, const char* end, const Limits& limits, net::Slice* head);

  std::unique_ptr<Unfinished> unfinished_;
  bool cr_waits_ = false;
};

// Behind the empty line that ends the head, or null where there is none.
const char* end_of_head(const char* begin, const char* end);

}  // namespace brink::http
