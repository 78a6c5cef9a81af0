// What a client sent, read independently of the parser and after it: by the heads that the application was told, byte
// by byte, so that whatever it is told can be held against what it should be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace brink::fuzz {

class SentStream {
 public:
  // `sent` is all that the client has sent so far, which only grows.
  explicit SentStream(const std::string& sent) : sent_(sent) {}

  // Each is false when the client sent something else, or nothing, in this place.
  bool take_head(std::string_view head, bool has_body, uint64_t announced);
  bool take_body(std::string_view piece);
  bool take_end(std::string_view trailers);
  // What follows is no body of the request after all.
  void leave_body() { framing_ = Framing::none; }
  // Behind a request that was handed over.
  bool take_raw(std::string_view piece);

  // Bytes before the first request.
  void skip(size_t bytes) { at_ += bytes; }

  size_t at() const { return at_; }
  size_t left() const { return sent_.size() - at_; }

 private:
  enum class Framing : uint8_t { none, length, chunked };

  bool skip_rest();
  bool begin_chunk();
  bool take_line(std::string_view* line);
  bool take_trailers(std::string* lines);

  const std::string& sent_;
  size_t at_ = 0;
  Framing framing_ = Framing::none;
  uint64_t left_ = 0;     // of the body, or of the chunk
  bool at_last_ = false;  // the chunk without bytes has been seen
};

}  // namespace brink::fuzz
