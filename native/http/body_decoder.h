// The body of one request: so many bytes, or chunks (RFC 9112, 6 and 7). It knows nothing of the head but how the body
// is framed, keeps nothing of the content, and goes on where it was with whatever comes next. It is strict: what the
// grammar does not say is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "net/system.h"

namespace brink::http {

class BodyDecoder {
 public:
  // Of a request that has a body.
  explicit BodyDecoder(const RequestHead& head);

  // Takes bytes from `*at` on, up to the end of the body, or all of them. `*content` is what they hold of it, moved
  // together over the framing that stood between.
  Refusal decode(char** at, char* end, const Limits& limits, net::Slice* content);

  bool is_complete() const { return state_ == State::complete; }
  // Field lines; none until the body is complete.
  net::Slice trailers() const { return {trailers_.data(), is_complete() ? trailers_.size() : 0}; }
  // How much is still to come; false when only the end will tell.
  bool knows_left(uint64_t* left) const;

 private:
  // What comes next.
  enum class State : uint8_t {
    content,  // of a known length
    size,
    more_size,
    extension_name,
    more_extension_name,
    extension_value,
    more_extension_value,
    quoted,
    escaped,  // behind a backslash
    behind_quoted,
    size_lf,
    chunk,
    chunk_cr,
    chunk_lf,
    trailer,  // its first byte, or the end
    trailer_name,
    trailer_space,
    trailer_value,
    trailer_lf,
    last_lf,
    complete,
  };

  Refusal take_chunks(char** at, char* end, const Limits& limits, net::Slice* content);
  Refusal pass_framing(char** at, char* end, const Limits& limits);
  Refusal step(char c, const Limits& limits);
  Refusal add_digit(char c);
  Refusal begin_chunk(const Limits& limits);
  Refusal end_extension(char c);
  Refusal begin_trailer(char c, const Limits& limits);
  Refusal add_to_trailers(char c, const Limits& limits);
  Refusal end_trailer_name();
  void end_trailer_value();

  uint64_t left_;  // of the body, or of the chunk
  uint64_t content_bytes_ = 0;
  uint64_t framing_bytes_ = 0;
  std::string trailers_;
  uint32_t trailer_begin_ = 0;
  uint32_t trailer_count_ = 0;
  State state_;
};

}  // namespace brink::http
