#include "net/pending_output.h"

#include <cerrno>
#include <utility>

namespace brink::net {
namespace {
// Small answers share a segment up to this size, so that a pipelined backlog costs a few allocations, not thousands.
constexpr size_t kSharedSegment = 64 * 1024;
constexpr size_t kMostSlices = 16;
}  // namespace

Slice PendingOutput::Segment::rest() const { return held.holder ? held.bytes : Slice{copied.data(), copied.size()}; }

void PendingOutput::append(Slice bytes) {
  if (bytes.size == 0) return;
  bool shared = !segments_.empty() && !segments_.back().held.holder &&
                segments_.back().copied.size() + bytes.size <= kSharedSegment;
  if (!shared) segments_.emplace_back();
  auto& copied = segments_.back().copied;
  copied.insert(copied.end(), bytes.data, bytes.data + bytes.size);
  size_ += bytes.size;
}

void PendingOutput::append(HeldBytes held) {
  if (held.bytes.size == 0) return;
  size_ += held.bytes.size;
  segments_.emplace_back();
  segments_.back().held = std::move(held);
}

int64_t PendingOutput::send_to(Descriptor descriptor) {
  int64_t total = 0;
  while (!segments_.empty()) {
    Slice slices[kMostSlices];
    size_t count = 0, offered = 0;
    for (const Segment& segment : segments_) {
      if (count == kMostSlices) break;
      Slice rest = segment.rest();
      if (count == 0) rest = {rest.data + sent_of_first_, rest.size - sent_of_first_};
      slices[count++] = rest;
      offered += rest.size;
    }
    int64_t sent = system::send(descriptor, slices, count);
    if (sent == -EINTR) continue;
    if (sent == -EAGAIN || sent == -EWOULDBLOCK) return total;
    if (sent < 0) return sent;
    total += sent;
    consume(static_cast<size_t>(sent));
    // Less than was offered: the socket is full, and the next writable edge will tell when it is not.
    if (static_cast<size_t>(sent) < offered) return total;
  }
  return total;
}

void PendingOutput::consume(size_t sent) {
  size_ -= sent;
  while (sent > 0) {
    size_t left = segments_.front().rest().size - sent_of_first_;
    if (sent < left) {
      sent_of_first_ += sent;
      return;
    }
    sent -= left;
    sent_of_first_ = 0;
    segments_.pop_front();
  }
}

}  // namespace brink::net
