// What one client was told, read strictly as it arrives and held against what it should have been told: the answer to
// each request, once, in the order of the requests, framed so that nobody could read it differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace brink::fuzz {

// What a reply asks for. Made by reading the replies in a block independently of the reactor.
struct Expected {
  uint16_t status = 200;
  bool to_head = false;
  bool close = false;
  bool length_said = true;
  bool dated = false;
  bool by_reference = false;
  bool may_be_refused = false;  // its body went with another reply, or did not
  uint64_t length = 0;
  std::string fields;
  std::string body;
};

class Transcript {
 public:
  explicit Transcript(size_t client) : client_(client) {}

  // The first reply to a request counts. False when there was one before.
  bool expect(uint32_t sequence, Expected expected);
  bool expects(uint32_t sequence) const { return expected_.count(sequence) > 0; }
  void read(const char* bytes, size_t size);

  uint32_t complete() const { return complete_; }  // responses; an interim one is none
  bool is_between_responses() const { return head_.empty() && body_left_ == 0; }
  bool said_close() const { return said_close_; }
  uint32_t interim() const { return interim_; }
  size_t bodies_on_their_way() const;

 private:
  void read_head();
  void compare_head(std::string_view lines, uint16_t status, bool close, bool length_said, uint64_t length);
  void finish_response();

  size_t client_;
  std::map<uint32_t, Expected> expected_;
  std::string head_;                  // as far as it has arrived
  const Expected* answer_ = nullptr;  // whose body is arriving; null for a refusal
  uint64_t body_read_ = 0;
  uint64_t body_left_ = 0;
  uint32_t complete_ = 0;
  uint32_t interim_ = 0;
  bool closes_ = false;  // the response that is arriving
  bool said_close_ = false;
};

}  // namespace brink::fuzz
