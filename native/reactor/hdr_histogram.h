// Durations in microseconds, counted in the buckets of an HdrHistogram: to three significant digits, and to the hour.
// Counted on one thread, and read on any other while it goes on. What no duration has come to takes no memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "generated/layout.h"
#include "reactor/count.h"

namespace brink::reactor {

class HdrHistogram {
 public:
  static constexpr uint64_t kLongestUs = 3'600'000'000;  // longer ones count as this

  void record(uint64_t duration_us);

  // How many counts there are up to the last that may be above zero.
  size_t size() const;
  // The first of them.
  void read(double* into, size_t count) const;
  double sum_us() const { return read_of(sum_us_); }

  // The place of a duration among the counts.
  static size_t place_of(uint64_t duration_us);

 private:
  // The durations of one power of two, or of the first 1024 microseconds.
  struct Chunk {
    Count counts[layout::kHistogramChunk];
  };

  std::unique_ptr<Chunk> owned_[layout::kHistogramChunks];
  std::atomic<Chunk*> chunks_[layout::kHistogramChunks] = {};
  Count sum_us_ = 0;
};

}  // namespace brink::reactor
