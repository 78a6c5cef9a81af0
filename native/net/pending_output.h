// Bytes that a socket did not take, in order, until the next writable edge. Small responses are copied; large buffers
// and files are held by reference until their last byte was sent.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "net/byte_buffer.h"
#include "net/file.h"
#include "net/system.h"

namespace brink::net {

// Holds memory of another owner, who may still detach or resize it: never keep an address in it. The destructor gives
// it back.
class Holder {
 public:
  virtual ~Holder() = default;
  // The current address and size of the bytes; called before each system call that reads them.
  virtual Slice slice() = 0;
};

// Bytes that are sent without a copy, from held memory or from a file.
struct HeldBytes {
  HeldBytes() = default;
  HeldBytes(std::unique_ptr<Holder> memory, size_t size) : holder(std::move(memory)), length(size) {}

  std::unique_ptr<Holder> holder;
  size_t length = 0;  // of the memory when it was handed over: with another one it is not what was to be sent
  std::shared_ptr<File> file;
  uint64_t file_offset = 0;
  uint64_t file_length = 0;

  bool is_given() const { return holder || file; }
  uint64_t size() const { return file ? file_length : length; }

  // The bytes in memory, valid until other code runs. False when the memory has changed.
  bool find(Slice* bytes) const {
    *bytes = holder->slice();
    return bytes->size == length;
  }
};

// System calls that send: all, and those that found no room.
struct SendCalls {
  uint64_t all = 0;
  uint64_t full = 0;
};

// Sends what the socket takes: how much it was, which may be nothing, or a negative errno when the socket broke.
int64_t send_some(Descriptor descriptor, Slice bytes, bool end_follows, SendCalls& calls);

// The result of sending when held memory has changed. A system call that finds it unmapped returns the same.
inline constexpr int64_t kMemoryChanged = -EFAULT;

// Makes of plaintext what is sent in its place: a record of TLS or several.
class Sealer {
 public:
  virtual ~Sealer() = default;
  // Puts it behind what is there. False when nothing can be sealed any more.
  virtual bool seal(Slice plain, ByteBuffer& sealed) = 0;
};

// Where a reactor seals what its connections send.
struct SealingRoom {
  ByteBuffer sealed;
  ByteBuffer of_file;
};

// So much is sealed at a time: what a socket does not take of it is kept.
inline constexpr size_t kMostSealedAtOnce = 128 * 1024;
// No more can be sealed.
inline constexpr int64_t kSealingBroke = -EPROTO;

class PendingOutput {
 public:
  bool empty() const { return size_ == 0; }
  // Sealed bytes count as well.
  uint64_t size() const { return size_; }
  // Before it was sealed. Of what is sealed together all is left until the last byte is sent.
  uint64_t plain_size() const { return size_ - (sealed_.size() - sent_of_sealed_) + plain_in_sealed_; }

  void append(Slice bytes);
  // `taken` bytes at the beginning were sent already.
  void append(HeldBytes held, size_t taken = 0);
  void append(PendingOutput&& more);

  struct Sent {
    int64_t bytes;  // or a negative errno, when the socket broke, a file is shorter than it was, or memory has changed
    bool takes_more;  // the socket may take more at once: it is others' turn first
  };
  // Sends what the socket takes, up to a limit. Everything was sent when empty(). Removes the limit of unsent bytes
  // in the kernel for large files, and restores it before memory is sent.
  Sent send_to(Descriptor descriptor, bool* unsent_limit_lifted, SendCalls& calls);

  // Bytes that are sealed already, behind others of these, and before all that is not; and so many as they were before.
  void append_sealed(Slice bytes, uint64_t plain = 0);
  // The same as send_to() for a connection whose bytes are sealed before they are sent. Less is sent than is asked for,
  // but all that is sealed is offered: what is left of it says that the socket is full.
  Sent seal_to(Descriptor descriptor, Sealer& sealer, SealingRoom& room, SendCalls& calls);

 private:
  struct Segment {
    std::vector<char> copied;
    HeldBytes held;
    uint64_t size() const { return held.is_given() ? held.size() : copied.size(); }
    bool find(Slice* bytes) const {
      if (held.is_given()) return held.find(bytes);
      *bytes = {copied.data(), copied.size()};
      return true;
    }
  };
  struct Offer {
    uint64_t size = 0;
    bool is_held = false;  // some of it is memory of somebody else
  };
  int64_t send_memory(Descriptor descriptor, Offer* offer);
  int64_t send_file(Descriptor descriptor, Offer* offer);
  int64_t send_sealed(Descriptor descriptor, SendCalls& calls);
  int64_t seal_next(Sealer& sealer, SealingRoom& room);
  void consume(uint64_t sent);

  std::deque<Segment> segments_;
  std::vector<char> sealed_;  // first in line
  size_t sent_of_sealed_ = 0;
  uint64_t plain_in_sealed_ = 0;
  uint64_t sent_of_first_ = 0;
  uint64_t size_ = 0;
};

}  // namespace brink::net
