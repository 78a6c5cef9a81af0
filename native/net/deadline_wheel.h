// Deadlines of many connections without a timer for each: a wheel of buckets, each a linked list of the connections
// that are due in its step. A later deadline is only stored; the entry moves when its old bucket comes round, so a
// busy keep-alive connection costs nothing here. Owned by one reactor, used on its thread.
#pragma once

#include <array>
#include <cstdint>

namespace brink::net {

// The entry of a connection in the wheel; `slot` identifies the connection to the owner.
struct DeadlineEntry {
  uint64_t due_ms = 0;  // 0: none
  DeadlineEntry* previous = nullptr;
  DeadlineEntry* next = nullptr;
  uint32_t slot = 0;
  uint16_t bucket = 0;
  bool listed = false;
};

class DeadlineWheel {
 public:
  static constexpr uint64_t kStepMs = 64;
  static constexpr uint32_t kBuckets = 2048;

  explicit DeadlineWheel(uint64_t now_ms) : step_(now_ms / kStepMs) {}

  void set(DeadlineEntry& entry, uint64_t due_ms) {
    bool later = entry.listed && due_ms >= entry.due_ms;
    entry.due_ms = due_ms;
    if (!later) list(entry);
  }
  void clear(DeadlineEntry& entry);

  // Takes the next entry that is due out of the wheel; null when there is none. Call until null.
  DeadlineEntry* take_due(uint64_t now_ms);

  // Milliseconds until take_due() must be called again, or -1 when the wheel is empty.
  int64_t next_check_ms(uint64_t now_ms) const;

 private:
  void list(DeadlineEntry& entry);
  void insert(DeadlineEntry& entry, uint64_t step);
  void unlink(DeadlineEntry& entry);

  std::array<DeadlineEntry*, kBuckets> buckets_ = {};
  std::array<uint64_t, kBuckets / 64> occupied_ = {};
  uint64_t step_;  // every bucket before it has been dealt with
};

}  // namespace brink::net
