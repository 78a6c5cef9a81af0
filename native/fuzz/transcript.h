// What one client was told, read strictly as it arrives and held against what it should have been told: the answer to
// each request, once, in the order of the requests, framed so that nobody could read it differently.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace brink::fuzz {

// How the client tells where a body ends.
enum class Framing : uint8_t { none, length, chunked, to_the_close, as_given, raw };

// What the replies to a request ask for, so far. Made by reading them independently of the reactor.
struct Expected {
  uint16_t status = 200;
  bool close = false;
  bool length_said = true;
  bool dated = false;
  bool may_be_refused = false;  // its body went with another reply, or did not
  bool to_head = false;
  Framing framing = Framing::length;
  bool ended = true;        // nothing follows; not so while it streams
  bool aborted = false;     // the client must not take it for whole
  bool may_break = false;   // or may be so,
  bool sized = false;       // a stream of which the length was said,
  uint64_t may_follow = 0;  // and so much of it is still to come
  uint64_t length = 0;
  std::string fields;
  std::string body;
  std::string trailers;
  std::vector<uint64_t> lent_up_to;  // places in the body where pieces end that were lent
  std::vector<std::shared_ptr<const bool>> lent_has_changed;
  std::shared_ptr<const bool> given_has_changed;  // the body that was given with the head, be it sent or not; or null
  size_t pieces = 0;
  bool asks = false;         // to be told when there is room,
  uint32_t times_asked = 0;  // and so often nobody has told it yet

  bool can_be_refused() const { return may_be_refused || (given_has_changed && *given_has_changed); }
  bool has_body() const { return framing != Framing::none; }
  bool can_break() const { return may_break || has_changed(); }
  bool has_changed() const {
    return std::any_of(lent_has_changed.begin(), lent_has_changed.end(), [](const auto& changed) { return *changed; });
  }
};

class Transcript {
 public:
  explicit Transcript(size_t client) : client_(client) {}

  // The first reply to a request counts. False when there was one before.
  bool expect(uint32_t sequence, Expected expected);
  Expected* find(uint32_t sequence);
  const Expected* find(uint32_t sequence) const { return const_cast<Transcript*>(this)->find(sequence); }
  void on_drained(uint32_t sequence);
  // It has sent a HEAD somewhere: if that is what the server itself refuses, its answer has no content.
  void may_have_asked_for_head() { may_have_asked_for_head_ = true; }

  // Nothing is compared from now on: what comes is the application's own affair.
  void give_up() { given_up_ = true; }
  bool is_given_up() const { return given_up_; }
  // What the application said may have completed what has arrived.
  void catch_up();
  // An answer of bytes as they are goes on as a tunnel.
  void becomes_tunnel(Expected& answer);

  void read(const char* bytes, size_t size);
  // Nothing follows, and all that was said is here.
  void end();

  uint32_t complete() const;  // responses that are whole for both sides; an interim one is none
  uint32_t interim() const { return interim_; }
  bool said_close() const { return said_close_; }
  // Not in the middle of anything that is going on.
  bool is_between_responses() const;
  // Whether nothing is left to be said to so many requests.
  bool answers(uint32_t requests) const;
  // All of the response that is arriving that there is.
  bool is_up_to_date() const;
  // How many requests were answered to their end, one after the other.
  uint32_t answered_in_order() const;
  // Whether what is not whole may be so for good.
  bool may_be_broken_off() const;
  bool streams_still() const;

  size_t bodies_on_their_way() const;
  uint64_t most_outstanding(bool of_streams_only) const;  // bytes that were given and have not arrived

 private:
  enum class Part : uint8_t { head, content, chunk_size, chunk_end, trailers };

  void read_byte(char next);
  void read_head();
  void begin_body(uint64_t length);
  size_t read_content(const char* bytes, size_t size);
  void read_chunk_size();
  void read_trailers();
  void compare_head(std::string_view lines, uint16_t status, bool close, bool length_said, uint64_t length,
                    bool chunked);
  void finish_response();
  bool is_raw_next() const;
  bool ends_with_the_stream() const;
  bool may_be_refused_head() const;

  size_t client_;
  std::map<uint32_t, Expected> expected_;
  Part part_ = Part::head;
  Framing framing_ = Framing::none;     // of the response that is arriving
  std::string line_;                    // or head, as far as it has arrived
  const Expected* answer_ = nullptr;    // that is arriving; null for a refusal
  const Expected* finished_ = nullptr;  // the last that was whole for the client
  std::string trailers_read_;
  uint64_t body_read_ = 0;
  uint64_t left_ = 0;  // of the body, or the chunk
  uint32_t complete_ = 0;
  uint32_t interim_ = 0;
  bool closes_ = false;  // the response that is arriving
  bool said_close_ = false;
  bool may_have_asked_for_head_ = false;
  bool given_up_ = false;
};

}  // namespace brink::fuzz
