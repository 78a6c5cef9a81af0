#include "reactor/metrics.h"

#include <algorithm>

#include "llhttp.h"

namespace brink::reactor {
namespace {

// In the order of the layout.
size_t group_of(uint8_t method) {
  switch (method) {
    case HTTP_GET:
      return 0;
    case HTTP_HEAD:
      return 1;
    case HTTP_POST:
      return 2;
    case HTTP_PUT:
      return 3;
    case HTTP_PATCH:
      return 4;
    case HTTP_DELETE:
      return 5;
    case HTTP_OPTIONS:
      return 6;
    case HTTP_CONNECT:
      return 7;
    case HTTP_TRACE:
      return 8;
    default:
      return layout::kMetricsMethods - 1;
  }
}

constexpr int kMostBits = 32;

static_assert(layout::kMetricsRequests + layout::kMetricsMethods * layout::kMetricsClasses == layout::kMetricsSum &&
              layout::kMetricsSum + 1 == layout::kMetricsBucketsAt &&
              layout::kMetricsBucketsAt + layout::kMetricsBuckets == layout::kMetricsRow);
static_assert(layout::kMetricsBatches == layout::kMetricsBatchSizes + 1);
static_assert(layout::kMetricsBuckets == 4 * (kMostBits - 1) + 1, "four in each power of two, and those above");

}  // namespace

Metrics::Metrics(uint16_t routes) : rows_(size_t{routes} + 1) {}

Metrics::Row& Metrics::row_of(uint16_t route) {
  std::atomic<Row*>& place = rows_[route < rows_.size() ? route : 0];
  Row* row = place.load(std::memory_order_relaxed);
  if (row) return *row;
  owned_.push_back(std::make_unique<Row>());
  place.store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

void Metrics::count(uint16_t route, uint8_t method, uint16_t status) {
  size_t status_class = status / 100;
  if (status_class >= layout::kMetricsClasses) status_class = 0;
  add(row_of(route).requests[group_of(method) * layout::kMetricsClasses + status_class], 1);
}

void Metrics::count_duration(uint16_t route, uint64_t duration_us) {
  Row& row = row_of(route);
  add(row.sum_us, duration_us);
  add(row.buckets[bucket_of(duration_us)], 1);
}

size_t Metrics::bucket_of(uint64_t duration_us) {
  if (duration_us < 4) return static_cast<size_t>(duration_us);
  int bits = 63 - __builtin_clzll(duration_us);
  if (bits >= kMostBits) return layout::kMetricsBuckets - 1;
  return static_cast<size_t>(4 * (bits - 1)) + ((duration_us >> (bits - 2)) & 3);
}

size_t Metrics::size_class_of(uint32_t requests) {
  int bits = requests <= 1 ? 0 : 32 - __builtin_clz(requests - 1);
  return std::min<size_t>(static_cast<size_t>(bits), layout::kMetricsBatchSizes - 1);
}

void Metrics::count_batch(uint32_t requests) {
  add(batches_[size_class_of(requests)], 1);
  add(batched_, requests);
}

bool Metrics::read(size_t route, double* into) const {
  const Row* row = rows_[route].load(std::memory_order_acquire);
  if (!row) return false;
  *into++ = static_cast<double>(route);
  into = std::transform(std::begin(row->requests), std::end(row->requests), into, read_of);
  *into++ = read_of(row->sum_us);
  std::transform(std::begin(row->buckets), std::end(row->buckets), into, read_of);
  return true;
}

void Metrics::read_batches(double* into) const {
  into = std::transform(std::begin(batches_), std::end(batches_), into, read_of);
  *into = read_of(batched_);
}

}  // namespace brink::reactor
