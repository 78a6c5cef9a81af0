// What a socket did not take: bytes to send, in order, until the next writable edge. Small answers are copied in; large
// buffers and files stay where they lie and are held by reference until the last byte has been taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "net/file.h"
#include "net/system.h"

namespace brink::net {

// Keeps memory alive that belongs to somebody else; what is to be given back is given back in the destructor.
class Holder {
 public:
  virtual ~Holder() = default;
};

// Bytes that are sent from where they lie: in memory that is held, or in a file.
struct HeldBytes {
  Slice bytes = {nullptr, 0};
  std::unique_ptr<Holder> holder;
  std::shared_ptr<File> file;
  uint64_t file_offset = 0;
  uint64_t file_length = 0;

  bool is_given() const { return holder || file; }
  uint64_t size() const { return file ? file_length : bytes.size; }
};

class PendingOutput {
 public:
  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }

  void append(Slice bytes);
  void append(HeldBytes held);
  void append(PendingOutput&& more);

  struct Sent {
    int64_t bytes;    // or a negative errno, when the socket broke, or a file is shorter than it was
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
    Slice bytes() const { return held.is_given() ? held.bytes : Slice{copied.data(), copied.size()}; }
  };
  int64_t send_memory(Descriptor descriptor, uint64_t* offered);
  int64_t send_file(Descriptor descriptor, uint64_t* offered);
  void consume(uint64_t sent);

  std::deque<Segment> segments_;
  uint64_t sent_of_first_ = 0;
  uint64_t size_ = 0;
};

}  // namespace brink::net
