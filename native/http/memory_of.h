// A bounded memory of what came before: sets of a few ways. What is found again and again stays; what comes once, or in
// turn with more than there is room for, does not drive it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace brink::http {

// What an entry begins with.
struct Remembered {
  uint32_t number = 0;  // from 1 on; another entry may get it later
  bool is_new = true;   // nobody has been told the number since
  bool is_used = true;  // lately
  uint64_t hash = 0;
};

template <typename Entry>
class MemoryOf {
 public:
  // The one of this hash that `is_it` says yes to, or null.
  template <typename IsIt>
  Entry* find(uint64_t hash, IsIt is_it) {
    if (sets_.empty()) return nullptr;
    for (auto& entry : sets_[hash % kSets].ways) {
      if (!entry || entry->hash != hash || !is_it(*entry)) continue;
      entry->is_used = true;
      return entry.get();
    }
    return nullptr;
  }

  // Whether it has come before, and there is a place for it. `hash` may be that of a part, and `hash_of_all` of all.
  bool takes(uint64_t hash, uint64_t hash_of_all) {
    if (sets_.empty()) sets_.resize(kSets);
    Set& set = sets_[hash % kSets];
    if (std::exchange(set.seen, hash_of_all) != hash_of_all) return false;
    for (size_t tries = 0; tries < kWays; tries++, set.next = (set.next + 1) % kWays) {
      const auto& entry = set.ways[set.next];
      if (!entry || !std::exchange(entry->is_used, false)) return true;
    }
    return false;
  }

  // In the place that takes() has found.
  void keep(uint64_t hash, std::unique_ptr<Entry> entry) {
    Set& set = sets_[hash % kSets];
    entry->hash = hash;
    entry->number = static_cast<uint32_t>(hash % kSets * kWays + set.next + 1);
    set.ways[set.next] = std::move(entry);
    set.next = (set.next + 1) % kWays;
  }

 private:
  static constexpr size_t kWays = 4;
  static constexpr size_t kSets = 64;

  struct Set {
    std::unique_ptr<Entry> ways[kWays];
    uint64_t seen = 0;  // the last one that was not kept
    size_t next = 0;    // to be replaced
  };

  std::vector<Set> sets_;
};

}  // namespace brink::http
