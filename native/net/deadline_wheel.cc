#include "net/deadline_wheel.h"

#include <algorithm>

namespace brink::net {
namespace {
// The step after the deadline, so that nothing is due too early.
uint64_t step_of(uint64_t due_ms) { return due_ms / DeadlineWheel::kStepMs + 1; }
}  // namespace

void DeadlineWheel::list(DeadlineEntry& entry) {
  if (entry.listed) unlink(entry);
  insert(entry, step_of(entry.due_ms));
}

void DeadlineWheel::clear(DeadlineEntry& entry) {
  entry.due_ms = 0;
  if (entry.listed) unlink(entry);
}

DeadlineEntry* DeadlineWheel::take_due(uint64_t now_ms) {
  uint64_t now_step = now_ms / kStepMs;
  // After a long sleep one round visits every bucket; more rounds would visit them twice.
  if (now_step > step_ + kBuckets) step_ = now_step - kBuckets;
  for (; step_ <= now_step; step_++) {
    uint32_t bucket = static_cast<uint32_t>(step_ % kBuckets);
    while (DeadlineEntry* entry = buckets_[bucket]) {
      unlink(*entry);
      if (step_of(entry->due_ms) <= now_step) return entry;
      insert(*entry, step_of(entry->due_ms));
    }
  }
  return nullptr;
}

int64_t DeadlineWheel::next_check_ms(uint64_t now_ms) const {
  for (uint32_t ahead = 0; ahead < kBuckets;) {
    uint32_t bucket = static_cast<uint32_t>((step_ + ahead) % kBuckets);
    uint64_t word = occupied_[bucket / 64] >> (bucket % 64);
    if (word == 0) {
      ahead += 64 - bucket % 64;
      continue;
    }
    ahead += static_cast<uint32_t>(__builtin_ctzll(word));
    uint64_t at = (step_ + ahead) * kStepMs;
    return at > now_ms ? static_cast<int64_t>(at - now_ms) : 0;
  }
  return -1;
}

void DeadlineWheel::insert(DeadlineEntry& entry, uint64_t step) {
  // A deadline beyond the range of the wheel is visited once a round, and put back until it is due.
  step = std::clamp(step, step_, step_ + kBuckets - 1);
  entry.bucket = static_cast<uint16_t>(step % kBuckets);
  DeadlineEntry*& head = buckets_[entry.bucket];
  entry.previous = nullptr;
  entry.next = head;
  if (head) head->previous = &entry;
  head = &entry;
  entry.listed = true;
  occupied_[entry.bucket / 64] |= uint64_t{1} << (entry.bucket % 64);
}

void DeadlineWheel::unlink(DeadlineEntry& entry) {
  if (entry.previous) {
    entry.previous->next = entry.next;
  } else {
    buckets_[entry.bucket] = entry.next;
  }
  if (entry.next) entry.next->previous = entry.previous;
  if (!buckets_[entry.bucket]) occupied_[entry.bucket / 64] &= ~(uint64_t{1} << (entry.bucket % 64));
  entry.previous = entry.next = nullptr;
  entry.listed = false;
}

}  // namespace brink::net
