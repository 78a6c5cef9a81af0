// A number that one thread raises while others read it: each reading is whole, and none is lower than one before.
#pragma once

#include <atomic>
#include <cstdint>

namespace brink::reactor {

using Count = std::atomic<uint64_t>;

// By the one thread that writes it: without a locked instruction.
inline void add(Count& count, uint64_t more) {
  count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

// As JavaScript takes it.
inline double read_of(const Count& count) { return static_cast<double>(count.load(std::memory_order_relaxed)); }

}  // namespace brink::reactor
