#include "http/body_decoder.h"

#include <algorithm>
#include <cstring>

#include "http/characters.h"
#include "http/field_list.h"

namespace brink::http {
namespace {

// Within quotes (RFC 9110, 5.6.4): all that may stand in a field but quotes and backslashes.
bool is_quoted_character(char c) { return is_field_character(c) && c != '"' && c != '\\'; }

constexpr ptrdiff_t kUsualDigits = 8;
constexpr ptrdiff_t kLineEndBytes = 2;

bool is_line_end(const char* at, const char* end) {
  return end - at >= kLineEndBytes && at[0] == '\r' && at[1] == '\n';
}

uint64_t value_of(char hex_digit) {
  return static_cast<uint64_t>(is_digit(hex_digit) ? hex_digit - '0' : lower(hex_digit) - 'a' + 10);
}

}  // namespace

BodyDecoder::BodyDecoder(const RequestHead& head)
    : left_(head.content_length), state_(head.chunked ? State::size : State::content) {}

Refusal BodyDecoder::decode(char** at, char* end, const Limits& limits, net::Slice* content) {
  if (state_ != State::content) return take_chunks(at, end, limits, content);
  size_t size = static_cast<size_t>(std::min<uint64_t>(left_, static_cast<uint64_t>(end - *at)));
  *content = {*at, size};
  *at += size;
  left_ -= size;
  if (left_ == 0) state_ = State::complete;
  return Refusal::none;
}

bool BodyDecoder::knows_left(uint64_t* left) const {
  *left = left_;
  return state_ == State::content || state_ == State::complete;
}

Refusal BodyDecoder::take_chunks(char** at, char* end, const Limits& limits, net::Slice* content) {
  char* begin = *at;
  char* content_begin = begin;
  size_t content_size = 0;
  while (*at < end && state_ != State::complete) {
    if (state_ != State::chunk) {
      Refusal refusal = pass_framing(at, end, limits);
      if (refusal != Refusal::none) return refusal;
      continue;
    }
    size_t size = static_cast<size_t>(std::min<uint64_t>(left_, static_cast<uint64_t>(end - *at)));
    if (content_size == 0) {
      content_begin = *at;
    } else {
      std::memmove(content_begin + content_size, *at, size);
    }
    content_size += size;
    content_bytes_ += size;
    *at += size;
    left_ -= size;
    if (left_ == 0) state_ = State::chunk_cr;
  }
  *content = {content_begin, content_size};
  framing_bytes_ += static_cast<uint64_t>(*at - begin) - content_size;
  // Chunks of one byte are slow but honest; sizes, extensions and trailers without end are not.
  bool is_too_much = !is_complete() && framing_bytes_ > limits.chunk_overhead_bytes + 8 * content_bytes_;
  return is_too_much ? Refusal::CHUNK_OVERHEAD_TOO_LARGE : Refusal::none;
}

// Most often nothing but the end of a chunk and a size stand between two, and all of it is there.
Refusal BodyDecoder::pass_framing(char** at, char* end, const Limits& limits) {
  char* next = *at;
  if (state_ == State::chunk_cr && is_line_end(next, end)) {
    next += kLineEndBytes;
    *at = next;
    state_ = State::size;
  }
  if (state_ == State::size) {
    uint64_t size = 0;
    while (next < end && next - *at < kUsualDigits && is_hex_digit(*next)) size = size << 4 | value_of(*next++);
    if (next > *at && is_line_end(next, end)) {
      *at = next + kLineEndBytes;
      left_ = size;
      return begin_chunk(limits);
    }
  }
  return *at < end ? step(*(*at)++, limits) : Refusal::none;
}

Refusal BodyDecoder::step(char c, const Limits& limits) {
  switch (state_) {
    case State::size:
      left_ = 0;
      state_ = State::more_size;
      return is_hex_digit(c) ? add_digit(c) : Refusal::INVALID_CHUNK;
    case State::more_size:
      if (is_hex_digit(c)) return add_digit(c);
      return end_extension(c);
    case State::extension_name:
      state_ = State::more_extension_name;
      return is_token_character(c) ? Refusal::none : Refusal::INVALID_CHUNK;
    case State::more_extension_name:
      if (is_token_character(c)) return Refusal::none;
      if (c != '=') return end_extension(c);
      state_ = State::extension_value;
      return Refusal::none;
    case State::extension_value:
      state_ = c == '"' ? State::quoted : State::more_extension_value;
      return c == '"' || is_token_character(c) ? Refusal::none : Refusal::INVALID_CHUNK;
    case State::more_extension_value:
      return is_token_character(c) ? Refusal::none : end_extension(c);
    case State::quoted:
      if (is_quoted_character(c)) return Refusal::none;
      if (c != '"' && c != '\\') return Refusal::INVALID_CHUNK;
      state_ = c == '"' ? State::behind_quoted : State::escaped;
      return Refusal::none;
    case State::escaped:
      state_ = State::quoted;
      return is_field_character(c) ? Refusal::none : Refusal::INVALID_CHUNK;
    case State::behind_quoted:
      return end_extension(c);
    case State::size_lf:
      return c == '\n' ? begin_chunk(limits) : Refusal::INVALID_LINE_END;
    case State::chunk_cr:
      state_ = State::chunk_lf;
      return c == '\r' ? Refusal::none : Refusal::INVALID_CHUNK;
    case State::chunk_lf:
      state_ = State::size;
      return c == '\n' ? Refusal::none : Refusal::INVALID_CHUNK;
    case State::trailer:
      if (c != '\r') return begin_trailer(c, limits);
      state_ = State::last_lf;
      return Refusal::none;
    case State::trailer_name:
      if (c == ':') return end_trailer_name();
      return is_token_character(c) ? add_to_trailers(c, limits) : Refusal::INVALID_FIELD;
    case State::trailer_space:
      if (is_white_space(c)) return Refusal::none;
      state_ = State::trailer_value;
      [[fallthrough]];
    case State::trailer_value:
      if (is_field_character(c)) return add_to_trailers(c, limits);
      state_ = State::trailer_lf;
      return c == '\r' ? Refusal::none : c == '\n' ? Refusal::INVALID_LINE_END : Refusal::INVALID_FIELD;
    case State::trailer_lf:
      if (c != '\n') return Refusal::INVALID_LINE_END;
      end_trailer_value();
      return Refusal::none;
    case State::last_lf:
      state_ = State::complete;
      return c == '\n' ? Refusal::none : Refusal::INVALID_LINE_END;
    case State::content:
    case State::chunk:
    case State::complete:
      break;
  }
  return Refusal::INVALID_CHUNK;
}

// RFC 9112, 7.1: a recipient must expect sizes that no integer holds.
Refusal BodyDecoder::add_digit(char c) {
  if (left_ > UINT64_MAX >> 4) return Refusal::INVALID_CHUNK;
  left_ = left_ << 4 | value_of(c);
  return Refusal::none;
}

// Behind a size, or behind the name or the value of an extension. White space is none of them (RFC 9112, 7.1.1, would
// have it taken out; servers that did were deceived).
Refusal BodyDecoder::end_extension(char c) {
  state_ = c == ';' ? State::extension_name : State::size_lf;
  return c == ';' || c == '\r' ? Refusal::none : c == '\n' ? Refusal::INVALID_LINE_END : Refusal::INVALID_CHUNK;
}

Refusal BodyDecoder::begin_chunk(const Limits& limits) {
  if (left_ > limits.body_bytes - content_bytes_) return Refusal::BODY_TOO_LARGE;
  state_ = left_ == 0 ? State::trailer : State::chunk;
  return Refusal::none;
}

Refusal BodyDecoder::begin_trailer(char c, const Limits& limits) {
  if (!is_token_character(c)) return c == '\n' ? Refusal::INVALID_LINE_END : Refusal::INVALID_FIELD;
  if (++trailer_count_ > limits.fields) return Refusal::TOO_MANY_FIELDS;
  trailer_begin_ = static_cast<uint32_t>(trailers_.size());
  state_ = State::trailer_name;
  return add_to_trailers(c, limits);
}

Refusal BodyDecoder::add_to_trailers(char c, const Limits& limits) {
  if (trailers_.size() >= limits.header_bytes) return Refusal::HEADER_TOO_LARGE;
  trailers_ += c;
  return Refusal::none;
}

// RFC 9110, 6.5.1: what frames a message cannot come behind it.
Refusal BodyDecoder::end_trailer_name() {
  net::Slice name = {trailers_.data() + trailer_begin_, trailers_.size() - trailer_begin_};
  if (equal_ignoring_case(name, "content-length")) return Refusal::INVALID_CONTENT_LENGTH;
  if (equal_ignoring_case(name, "transfer-encoding")) return Refusal::INVALID_TRANSFER_ENCODING;
  trailers_ += ": ";
  state_ = State::trailer_space;
  return Refusal::none;
}

void BodyDecoder::end_trailer_value() {
  while (is_white_space(trailers_.back())) trailers_.pop_back();
  // An empty value has lost the space behind its colon.
  trailers_ += trailers_.back() == ':' ? " \r\n" : "\r\n";
  state_ = State::trailer;
}

}  // namespace brink::http
