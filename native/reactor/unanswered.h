// The requests of a connection that wait for their answers, by sequence number: which may still be answered, which is
// next, and what of the request its answer's framing depends on. At the most 64, so that a bit each is enough.
#pragma once

#include <cstdint>

namespace brink::reactor {

class Unanswered {
 public:
  static constexpr uint32_t kMost = 64;

  uint32_t count() const { return next_ - first_; }
  uint32_t total() const { return next_; }  // since the connection began
  bool empty() const { return next_ == first_; }
  uint32_t first() const { return first_; }
  // Whether its answer is not on its way out yet.
  bool includes(uint32_t sequence) const { return sequence - first_ < count(); }

  // Takes the next sequence number. The caller has seen that count() is below kMost.
  uint32_t add(bool is_head, bool is_http_1_0) {
    uint64_t bit = bit_of(next_);
    answered_ &= ~bit;
    head_ = is_head ? head_ | bit : head_ & ~bit;
    http_1_0_ = is_http_1_0 ? http_1_0_ | bit : http_1_0_ & ~bit;
    return next_++;
  }

  // Whether the request is the next one whose answer goes out, and has none yet.
  bool is_due(uint32_t sequence) const {
    return sequence == first_ && first_ != next_ && (answered_ & bit_of(sequence)) == 0;
  }

  // Whether the request is still to be answered; from then on it is not.
  bool take(uint32_t sequence) {
    bool known = includes(sequence) && (answered_ & bit_of(sequence)) == 0;
    if (known) answered_ |= bit_of(sequence);
    return known;
  }

  bool is_head(uint32_t sequence) const { return (head_ & bit_of(sequence)) != 0; }
  bool is_http_1_0(uint32_t sequence) const { return (http_1_0_ & bit_of(sequence)) != 0; }
  bool is_last(uint32_t sequence) const { return sequence + 1 == next_; }

  // The first one's answer is on its way out.
  void pass_first() { first_++; }

 private:
  static uint64_t bit_of(uint32_t sequence) { return uint64_t{1} << (sequence % kMost); }

  uint32_t first_ = 0;
  uint32_t next_ = 0;
  uint64_t answered_ = 0;
  uint64_t head_ = 0;
  uint64_t http_1_0_ = 0;
};

}  // namespace brink::reactor
