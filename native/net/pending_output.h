// What a socket did not take: bytes to send, in order, until the next writable edge. Small answers are copied in; large
// buffers stay where they lie and are held by reference until the last byte has been taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "net/system.h"

namespace brink::net {

// Keeps memory alive that belongs to somebody else; what is to be given back is given back in the destructor.
class Holder {
 public:
  virtual ~Holder() = default;
};

// Bytes that are sent from where they lie.
struct HeldBytes {
  Slice bytes = {nullptr, 0};
  std::unique_ptr<Holder> holder;
};

class PendingOutput {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  void append(Slice bytes);
  void append(HeldBytes held);

  // Sends what the socket takes: the bytes sent, or a negative errno when it broke. All was taken when empty().
  int64_t send_to(Descriptor descriptor);

 private:
  struct Segment {
    std::vector<char> copied;
    HeldBytes held;
    Slice rest() const;
  };
  void consume(size_t sent);

  std::deque<Segment> segments_;
  size_t sent_of_first_ = 0;
  size_t size_ = 0;
};

}  // namespace brink::net
