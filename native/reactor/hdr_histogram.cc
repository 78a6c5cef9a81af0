#include "reactor/hdr_histogram.h"

#include <algorithm>

namespace brink::reactor {
namespace {

// A bucket's counts are 2048, twice what three digits need, so that the upper half of each has at least three; and the
// lower half is that of the bucket before.
constexpr int kHalfBits = 10;
constexpr uint64_t kMostOfFirst = 2 * layout::kHistogramChunk - 1;

static_assert(1 << kHalfBits == layout::kHistogramChunk);

}  // namespace

size_t HdrHistogram::place_of(uint64_t duration_us) {
  uint64_t us = std::min(duration_us, kLongestUs);
  int bucket = 63 - kHalfBits - __builtin_clzll(us | kMostOfFirst);
  return (static_cast<size_t>(bucket) << kHalfBits) + static_cast<size_t>(us >> bucket);
}

void HdrHistogram::record(uint64_t duration_us) {
  size_t place = place_of(duration_us), chunk = place >> kHalfBits;
  Chunk* counts = chunks_[chunk].load(std::memory_order_relaxed);
  if (!counts) {
    owned_[chunk] = std::make_unique<Chunk>();
    counts = owned_[chunk].get();
    chunks_[chunk].store(counts, std::memory_order_release);
  }
  add(counts->counts[place % layout::kHistogramChunk], 1);
  add(sum_us_, std::min(duration_us, kLongestUs));
}

size_t HdrHistogram::size() const {
  size_t chunks = layout::kHistogramChunks;
  while (chunks > 0 && !chunks_[chunks - 1].load(std::memory_order_relaxed)) chunks--;
  return chunks * layout::kHistogramChunk;
}

void HdrHistogram::read(double* into, size_t count) const {
  for (size_t chunk = 0; chunk * layout::kHistogramChunk < count; chunk++) {
    const Chunk* counts = chunks_[chunk].load(std::memory_order_acquire);
    size_t most = std::min<size_t>(count - chunk * layout::kHistogramChunk, layout::kHistogramChunk);
    for (size_t at = 0; at < most; at++) {
      *into++ = counts ? read_of(counts->counts[at]) : 0;
    }
  }
}

}  // namespace brink::reactor
