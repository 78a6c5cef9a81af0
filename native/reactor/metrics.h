// What is measured of requests, by the numbers of their routes. Counted on the reactor's thread, and read on any other
// while it goes on: each number is whole, and only ever grows.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "generated/layout.h"
#include "reactor/count.h"

namespace brink::reactor {

class Metrics {
 public:
  // Requests of routes above this are counted with those that have none.
  explicit Metrics(uint16_t routes);

  void count(uint16_t route, uint8_t method, uint16_t status);
  void count_duration(uint16_t route, uint64_t duration_us);
  void count_batch(uint32_t requests);

  size_t routes() const { return rows_.size(); }
  // The row of a route, as the layout has it; false when nothing was counted for it.
  bool read(size_t route, double* into) const;
  void read_batches(double* into) const;

  // Durations lie in buckets, four in each power of two; the last one has all from 2^32 us on.
  static size_t bucket_of(uint64_t duration_us);
  // Numbers of requests do in those up to 1, 2, 4 and so on; the last one has all above.
  static size_t size_class_of(uint32_t requests);

 private:
  struct Row {
    Count requests[layout::kMetricsMethods * layout::kMetricsClasses];
    Count sum_us;
    Count buckets[layout::kMetricsBuckets];
  };

  Row& row_of(uint16_t route);

  std::vector<std::unique_ptr<Row>> owned_;
  std::vector<std::atomic<Row*>> rows_;  // null until something is counted
  Count batches_[layout::kMetricsBatchSizes] = {};
  Count batched_ = 0;
};

}  // namespace brink::reactor
