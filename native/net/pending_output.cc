#include "net/pending_output.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace brink::net {
namespace {
// Small responses share a segment up to this size, so that a pipelined backlog takes a few allocations, not
// thousands.
constexpr size_t kSharedSegment = 64 * 1024;
constexpr size_t kMostSlices = 16;
// Limits for one call, so that a fast client with a large file does not make the others wait.
constexpr int64_t kMostAtOnce = 2 * 1024 * 1024;
constexpr uint64_t kMostOfFile = 2 * 1024 * 1024;
constexpr uint64_t kLargeFile = 128 * 1024;
}  // namespace

int64_t send_some(Descriptor descriptor, Slice bytes, bool end_follows, SendCalls& calls) {
  int64_t sent;
  do {
    sent = system::send(descriptor, &bytes, 1, end_follows);
    calls.all++;
  } while (sent == -EINTR);
  if (sent != -EAGAIN && sent != -EWOULDBLOCK) return sent;
  calls.full++;
  return 0;
}

// A client that reads little gets whole segments, so that its pending output takes no more memory than its bytes.
void PendingOutput::append(Slice bytes) {
  while (bytes.size > 0) {
    bool shared =
        !segments_.empty() && !segments_.back().held.is_given() && segments_.back().copied.size() < kSharedSegment;
    if (!shared) {
      segments_.emplace_back();
      bool is_slow = size_ >= kSharedSegment / 2;
      segments_.back().copied.reserve(is_slow ? std::max(bytes.size, kSharedSegment) : bytes.size);
    }
    auto& copied = segments_.back().copied;
    // Bytes that arrive together stay in one segment.
    size_t fits = copied.empty() ? bytes.size : std::min(bytes.size, kSharedSegment - copied.size());
    copied.insert(copied.end(), bytes.data, bytes.data + fits);
    size_ += fits;
    bytes = {bytes.data + fits, bytes.size - fits};
  }
}

void PendingOutput::append(HeldBytes held, size_t taken) {
  if (held.size() == taken) return;
  size_ += held.size() - taken;
  if (taken > 0) sent_of_first_ = taken;
  segments_.emplace_back();
  segments_.back().held = std::move(held);
}

void PendingOutput::append(PendingOutput&& more) {
  size_ += std::exchange(more.size_, 0);
  std::move(more.segments_.begin(), more.segments_.end(), std::back_inserter(segments_));
  more.segments_.clear();
}

PendingOutput::Sent PendingOutput::send_to(Descriptor descriptor, bool* unsent_limit_lifted, SendCalls& calls) {
  int64_t total = 0;
  while (!segments_.empty()) {
    if (total >= kMostAtOnce) return {total, true};
    bool lifted = segments_.front().held.file && segments_.front().held.file_length > kLargeFile;
    if (lifted != *unsent_limit_lifted) {
      system::limit_unsent(descriptor, !lifted);
      *unsent_limit_lifted = lifted;
    }
    Offer offer;
    int64_t sent = segments_.front().held.file ? send_file(descriptor, &offer) : send_memory(descriptor, &offer);
    calls.all++;
    if (sent == -EINTR) continue;
    if (sent == -EAGAIN || sent == -EWOULDBLOCK) {
      calls.full++;
      return {total, false};
    }
    if (sent < 0) return {sent, false};
    total += sent;
    consume(static_cast<uint64_t>(sent));
    // A short send means that the socket is full, and the next writable edge will follow. But when held memory has
    // changed, the send is short as well, although there is room, and no edge follows: then only EAGAIN proves that
    // the socket is full.
    if (static_cast<uint64_t>(sent) < offer.size && !offer.is_held) return {total, false};
  }
  return {total, false};
}

int64_t PendingOutput::send_memory(Descriptor descriptor, Offer* offer) {
  Slice slices[kMostSlices];
  size_t count = 0;
  bool file_follows = false;
  for (const Segment& segment : segments_) {
    file_follows = segment.held.file != nullptr;
    if (count == kMostSlices || file_follows) break;
    Slice rest;
    // The slices before it are sent anyway.
    if (!segment.find(&rest)) break;
    if (count == 0) rest = {rest.data + sent_of_first_, rest.size - static_cast<size_t>(sent_of_first_)};
    slices[count++] = rest;
    offer->size += rest.size;
    offer->is_held |= segment.held.is_given();
  }
  return count > 0 ? system::send(descriptor, slices, count, file_follows) : kMemoryChanged;
}

int64_t PendingOutput::send_file(Descriptor descriptor, Offer* offer) {
  const HeldBytes& held = segments_.front().held;
  uint64_t left = held.file_length - sent_of_first_;
  uint64_t most = std::min(left, kMostOfFile);
  int64_t sent = system::send_file(descriptor, held.file->descriptor(), held.file_offset + sent_of_first_, most);
  // The file has become shorter, so the announced length cannot be sent.
  if (sent == 0) return -EIO;
  // sendfile may stop early although the socket has room: only EAGAIN proves that it is full.
  if (sent > 0) offer->size = static_cast<uint64_t>(sent);
  return sent;
}

void PendingOutput::append_sealed(Slice bytes, uint64_t plain) {
  sealed_.insert(sealed_.end(), bytes.data, bytes.data + bytes.size);
  plain_in_sealed_ += plain;
  size_ += bytes.size;
}

PendingOutput::Sent PendingOutput::seal_to(Descriptor descriptor, Sealer& sealer, SealingRoom& room, SendCalls& calls) {
  int64_t total = 0;
  while (true) {
    int64_t sent = send_sealed(descriptor, calls);
    if (sent < 0) return {sent, false};
    total += sent;
    // It is full, and the next writable edge will follow.
    if (!sealed_.empty() || segments_.empty()) return {total, false};
    if (total >= kMostAtOnce) return {total, true};
    int64_t plain = seal_next(sealer, room);
    if (plain < 0) return {plain, false};
    Slice sealed = room.sealed.slice();
    sent = send_some(descriptor, sealed, false, calls);
    if (sent < 0) return {sent, false};
    total += sent;
    size_t taken = static_cast<size_t>(sent);
    if (taken < sealed.size) {
      append_sealed({sealed.data + taken, sealed.size - taken}, static_cast<uint64_t>(plain));
    }
  }
}

// Gives how much was sent.
int64_t PendingOutput::send_sealed(Descriptor descriptor, SendCalls& calls) {
  if (sealed_.empty()) return 0;
  Slice rest = {sealed_.data() + sent_of_sealed_, sealed_.size() - sent_of_sealed_};
  int64_t sent = send_some(descriptor, rest, false, calls);
  if (sent < 0) return sent;
  size_ -= static_cast<uint64_t>(sent);
  sent_of_sealed_ += static_cast<size_t>(sent);
  if (sent_of_sealed_ == sealed_.size()) {
    sealed_ = {};
    sent_of_sealed_ = 0;
    plain_in_sealed_ = 0;
  }
  return sent;
}

// Seals what is next in line, up to a limit, and gives its size.
int64_t PendingOutput::seal_next(Sealer& sealer, SealingRoom& room) {
  room.sealed.clear();
  size_t done = 0;
  while (!segments_.empty() && done < kMostSealedAtOnce) {
    const HeldBytes& held = segments_.front().held;
    size_t fits = kMostSealedAtOnce - done;
    Slice next;
    if (held.file) {
      size_t wanted = static_cast<size_t>(std::min<uint64_t>(held.file_length - sent_of_first_, fits));
      room.of_file.clear();
      char* bytes = room.of_file.room(wanted);
      int64_t got = system::read_at(held.file->descriptor(), held.file_offset + sent_of_first_, bytes, wanted);
      if (got == -EINTR) continue;
      // The file has become shorter, so the announced length cannot be sent.
      if (got <= 0) return got < 0 ? got : -EIO;
      next = {bytes, static_cast<size_t>(got)};
    } else {
      if (!segments_.front().find(&next)) {
        // What stands before it is sent anyway.
        if (done > 0) break;
        return kMemoryChanged;
      }
      size_t left = next.size - static_cast<size_t>(sent_of_first_);
      next = {next.data + sent_of_first_, std::min(left, fits)};
    }
    if (!sealer.seal(next, room.sealed)) return kSealingBroke;
    consume(next.size);
    done += next.size;
  }
  return static_cast<int64_t>(done);
}

void PendingOutput::consume(uint64_t sent) {
  size_ -= sent;
  while (sent > 0) {
    uint64_t left = segments_.front().size() - sent_of_first_;
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
