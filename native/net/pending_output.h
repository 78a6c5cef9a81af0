// What a socket did not take: bytes to send, in order, until the next writable edge. Small answers are copied in; large
// buffers and files stay where they lie and are held by reference until the last byte has been taken.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "net/file.h"
#include "net/system.h"

namespace brink::net {

// Keeps memory that belongs to somebody else, who may take it away all the same, or resize it: nobody keeps an address
// in it. What is to be given back is given back in the destructor.
class Holder {
 public:
  virtual ~Holder() = default;
  // Where the bytes are now, and how many; asked before each system call that reads them.
  virtual Slice slice() = 0;
};

// Bytes that are sent from where they lie: in memory that is held, or in a file.
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

  // The bytes in memory, valid until anybody else runs. False when the memory has changed.
  bool find(Slice* bytes) const {
    *bytes = holder->slice();
    return bytes->size == length;
  }
};

// What sending gives when memory that is held has changed. A system call that finds it gone says the same.
inline constexpr int64_t kMemoryChanged = -EFAULT;

class PendingOutput {
 public:
  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }

  void append(Slice bytes);
  // Of the first that is pending, the socket may have taken some.
  void append(HeldBytes held, size_t taken = 0);
  void append(PendingOutput&& more);

  struct Sent {
    int64_t bytes;  // or a negative errno, when the socket broke, a file is shorter than it was, or memory has changed
    bool takes_more;  // the socket may take more at once: it is others' turn first
  };
  // Sends what the socket takes, up to a bound. All was taken when empty(). The limit of what the system takes is
  // lifted for large files, and put back before memory is sent.
  Sent send_to(Descriptor descriptor, bool* unsent_limit_lifted);

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
  void consume(uint64_t sent);

  std::deque<Segment> segments_;
  uint64_t sent_of_first_ = 0;
  uint64_t size_ = 0;
};

}  // namespace brink::net
