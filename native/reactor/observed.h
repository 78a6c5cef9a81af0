// What is observed of the requests of one connection, each from its first byte to the last byte of its answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "generated/layout.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace brink::reactor {

enum class RequestEnd : uint8_t {
  answered,
  client_gone,
  timed_out,
  refused,
  aborted,     // by the app
  cut,         // by the close of the server
  tunnel,      // the connection was handed over, and has ended
  unanswered,  // an earlier answer was the connection's last
};

// What is logged of a head. It does not change any more.
struct LoggedTexts {
  std::string text;
  http::Span method_name;
  http::Span target;
  std::array<http::Span, layout::kMostLoggedFields> fields = {};
  bool is_plain = true;       // nothing in it is escaped in any format
  bool is_traced = false;     // by a valid traceparent
  uint16_t line_version = 0;  // of a request line without a request, as the layout has it
};

// In place of a time or a place that is not known yet.
constexpr uint64_t kNotYet = UINT64_MAX;

struct ObservedRequest {
  uint32_t sequence = 0;
  uint16_t status = 0;  // 0 until an answer begins
  uint16_t route = 0;
  uint8_t method = http::kUnknownMethod;
  bool http_1_0 = false;
  bool is_line = false;  // its head was not understood
  bool is_none = false;  // the connection was refused before any request
  http::Refusal refusal = http::Refusal::none;
  uint64_t first_byte_us = 0;
  uint64_t last_byte_us = kNotYet;
  uint64_t bytes_in = 0;
  uint64_t answer_begins = 0;  // a place in all that the connection is sent
  uint64_t answer_ends = kNotYet;
  uint64_t waits_since_us = 0;               // since when its whole answer waits for the client; 0 while it does not
  std::shared_ptr<const LoggedTexts> texts;  // for the log; or null
};

class Observed {
 public:
  uint64_t answered_to = 0;  // where the last answer that was given whole ends, in all that is sent
  http::Refusal given_up_for = http::Refusal::none;  // it was cut off
  uint16_t number = 0;                               // whose run the connection belongs to, once it has had an answer
  bool has_run = false;
  uint32_t requests_of_run = 0;  // that have ended

  bool empty() const { return first_ == requests_.size(); }
  ObservedRequest& front() { return requests_[first_]; }

  // Answers that were given whole, and are not taken, wait from now on.
  void note_waiting(uint64_t now_us) {
    for (size_t place = requests_.size(); place > first_; place--) {
      ObservedRequest& request = requests_[place - 1];
      if (request.waits_since_us > 0) return;
      if (request.answer_ends != kNotYet) request.waits_since_us = now_us;
    }
  }

  ObservedRequest& add(uint32_t sequence) {
    if (first_ >= kMostPassed) {
      requests_.erase(requests_.begin(), requests_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    requests_.emplace_back();
    requests_.back().sequence = sequence;
    return requests_.back();
  }

  // Null for one that has ended, or came before anybody observed.
  ObservedRequest* find(uint32_t sequence) {
    size_t place = first_ + (empty() ? 0 : sequence - front().sequence);
    return place < requests_.size() && requests_[place].sequence == sequence ? &requests_[place] : nullptr;
  }

  void pop_front() {
    first_++;
    // An idle connection keeps no texts.
    if (!empty()) return;
    requests_.clear();
    first_ = 0;
  }

 private:
  static constexpr size_t kMostPassed = 64;  // that have ended, and stand before others

  std::vector<ObservedRequest> requests_;  // their sequence numbers follow each other
  size_t first_ = 0;                       // that has not ended
};

}  // namespace brink::reactor
