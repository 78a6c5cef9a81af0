// What a request's head says. Spans count from the head's first byte, so they hold wherever the head is copied to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "http/limits.h"
#include "llhttp.h"  // for the numbers of methods
#include "net/system.h"

namespace brink::http {

struct Span {
  uint16_t offset = 0;
  uint16_t length = 0;
};

// An empty span is nowhere.
inline Span moved(Span span, ptrdiff_t by) {
  return span.length == 0 ? Span{} : Span{static_cast<uint16_t>(span.offset + by), span.length};
}

struct Field {
  Span name;
  Span value;
};

// The number of a well-formed method that llhttp has none for; its name is in the head.
inline constexpr uint8_t kUnknownMethod = 255;

// What JavaScript is told of a head in one word, as the layout has it.
inline constexpr uint32_t kTraitHttp10 = 2;
inline constexpr uint32_t kTraitBody = 8;
inline constexpr uint32_t kTraitExpectsContinue = 32;
inline constexpr uint32_t kTraitCloses = 128;
inline constexpr uint32_t kTraitChunked = 256;
inline constexpr uint32_t kTraitExpectsOther = 512;

struct RequestHead {
  uint8_t method = 0;  // llhttp's number, or kUnknownMethod
  bool http_1_0 = false;
  bool keep_alive = false;
  bool chunked = false;
  bool expects_continue = false;
  bool expects_other = false;   // than `100-continue`
  bool offers_upgrade = false;  // or asks for a tunnel, with CONNECT
  uint32_t traits = 0;          // see note_traits()
  uint64_t content_length = 0;
  Span method_name;
  Span target;
  std::vector<Field> fields;

  bool has_body() const { return chunked || content_length > 0; }

  // When all else is known.
  void note_traits() {
    traits = (http_1_0 ? kTraitHttp10 : 0) | (has_body() ? kTraitBody : 0) |
             (expects_continue ? kTraitExpectsContinue : 0) | (keep_alive ? 0 : kTraitCloses) |
             (chunked ? kTraitChunked : 0) | (expects_other ? kTraitExpectsOther : 0);
  }

  // Up to the end of the last field; what follows is line ends.
  size_t size() const {
    size_t end = size_t{target.offset} + target.length;
    if (fields.empty()) return end;
    const Field& last = fields.back();
    end = std::max(end, size_t{last.name.offset} + last.name.length);
    return std::max(end, size_t{last.value.offset} + last.value.length);
  }

  // Forgets the last request but keeps the memory.
  void clear() {
    fields.clear();
    method_name = target = Span{};
    http_1_0 = keep_alive = chunked = expects_continue = expects_other = offers_upgrade = false;
    traits = 0;
    content_length = 0;
  }
};

inline net::Slice slice_of(const char* head, Span span) { return {head + span.offset, span.length}; }

}  // namespace brink::http
