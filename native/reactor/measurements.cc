#include "reactor/measurements.h"

#include <algorithm>

#include "reactor/metrics.h"

namespace brink::reactor {
namespace {

constexpr size_t kHundred = 100;

template <size_t Size>
double* read_all(const Count (&counts)[Size], double* into) {
  return std::transform(std::begin(counts), std::end(counts), into, read_of);
}

static_assert(layout::kMeasuredRuns * layout::kMeasuredKinds == UINT16_MAX + 1);
static_assert(static_cast<size_t>(RequestEnd::unanswered) + 1 == layout::kMeasuredEnds);
static_assert(layout::kClosedByServer + 1 == layout::kMeasuredCauses);
static_assert(layout::kMeasuredIdleCloses + layout::kMeasuredCauses == layout::kMeasuredBatches &&
              layout::kMeasuredBatches + layout::kMetricsBatches == layout::kMeasuredLoop);
static_assert(layout::kMeasuredCloses + layout::kMeasuredCauses == layout::kMeasuredRequestsEach &&
              layout::kMeasuredRequestsEach + layout::kMetricsBatchSizes == layout::kMeasuredRun);
static_assert(layout::kMeasuredEndsAt + layout::kMeasuredEnds == layout::kMeasuredBytesIn &&
              layout::kMeasuredStatuses == layout::kMeasuredBytesIn + 3);

}  // namespace

Measurements::Run& Measurements::run_of(uint16_t number) {
  size_t place = number / layout::kMeasuredKinds;
  Run* run = runs_[place].load(std::memory_order_relaxed);
  if (run) return *run;
  owned_[place] = std::make_unique<Run>();
  runs_[place].store(owned_[place].get(), std::memory_order_release);
  return *owned_[place];
}

Measurements::Number& Measurements::place_of(uint16_t number) {
  Run& run = run_of(number);
  std::atomic<Number*>& place = run.numbers[number % layout::kMeasuredKinds];
  Number* found = place.load(std::memory_order_relaxed);
  if (found) return *found;
  run.owned.push_back(std::make_unique<Number>());
  place.store(run.owned.back().get(), std::memory_order_release);
  return *run.owned.back();
}

void Measurements::count_end(const Ended& request) {
  Number& number = place_of(request.number);
  add(number.ends[static_cast<size_t>(request.end)], 1);
  add(number.bytes_in, request.bytes_in);
  add(number.bytes_out, request.bytes_out);
  size_t hundred = request.status / kHundred;
  if (hundred == 0 || hundred >= layout::kMeasuredHundreds) return;
  std::unique_ptr<Statuses>& owned = number.owned[hundred];
  if (!owned) {
    owned = std::make_unique<Statuses>();
    number.statuses[hundred].store(owned.get(), std::memory_order_release);
  }
  add((request.is_whole ? owned->whole : owned->broken)[request.status % kHundred], 1);
}

void Measurements::count_times(uint16_t number, uint64_t service_us, uint64_t wait_us) {
  Run& run = run_of(number);
  run.service_times.record(service_us);
  run.client_waits.record(wait_us);
}

void Measurements::count_batch(uint32_t requests) {
  add(batches_[Metrics::size_class_of(requests)], 1);
  add(batched_, requests);
}

void Measurements::note_requests(uint16_t number, uint32_t requests) {
  Count& most = run_of(number).most_requests;
  if (requests > most.load(std::memory_order_relaxed)) most.store(requests, std::memory_order_relaxed);
}

void Measurements::count_close(uint16_t number, uint32_t requests, Cause cause) {
  Run& run = run_of(number);
  add(run.closes[static_cast<size_t>(cause)], 1);
  add(run.requests_each[Metrics::size_class_of(requests)], 1);
}

void Measurements::read_loop(double* into) const {
  into[layout::kMeasuredRequests] = read_of(requests_);
  read_all(idle_closes_, into + layout::kMeasuredIdleCloses);
  *read_all(batches_, into + layout::kMeasuredBatches) = read_of(batched_);
}

bool Measurements::read_run(size_t run, double* into) const {
  const Run* found = find(run);
  if (!found) return false;
  into[layout::kMeasuredRunNumber] = static_cast<double>(run);
  into[layout::kMeasuredNumbered] = read_of(found->numbered);
  into[layout::kMeasuredConnections] = read_of(found->connections);
  into[layout::kMeasuredLeft] = read_of(found->left);
  into[layout::kMeasuredMostRequests] = read_of(found->most_requests);
  into[layout::kMeasuredServiceSum] = found->service_times.sum_us();
  into[layout::kMeasuredWaitSum] = found->client_waits.sum_us();
  read_all(found->closes, into + layout::kMeasuredCloses);
  read_all(found->requests_each, into + layout::kMeasuredRequestsEach);
  return true;
}

void Measurements::read_numbers(size_t run, std::vector<double>& into) const {
  const Run* found = find(run);
  for (size_t kind = 0; found && kind < layout::kMeasuredKinds; kind++) {
    const Number* number = found->numbers[kind].load(std::memory_order_acquire);
    if (!number) continue;
    size_t at = into.size();
    into.resize(at + layout::kMeasuredStatuses);
    into[at + layout::kMeasuredKind] = static_cast<double>(kind);
    read_all(number->ends, into.data() + at + layout::kMeasuredEndsAt);
    into[at + layout::kMeasuredBytesIn] = read_of(number->bytes_in);
    into[at + layout::kMeasuredBytesOut] = read_of(number->bytes_out);
    size_t statuses = 0;
    for (size_t hundred = 1; hundred < layout::kMeasuredHundreds; hundred++) {
      const Statuses* counts = number->statuses[hundred].load(std::memory_order_acquire);
      for (size_t digits = 0; counts && digits < kHundred; digits++) {
        double whole = read_of(counts->whole[digits]), broken = read_of(counts->broken[digits]);
        if (whole == 0 && broken == 0) continue;
        into.insert(into.end(), {static_cast<double>(hundred * kHundred + digits), whole, broken});
        statuses++;
      }
    }
    into[at + layout::kMeasuredStatusCount] = static_cast<double>(statuses);
  }
}

const HdrHistogram* Measurements::service_times(size_t run) const {
  const Run* found = find(run);
  return found ? &found->service_times : nullptr;
}

const HdrHistogram* Measurements::client_waits(size_t run) const {
  const Run* found = find(run);
  return found ? &found->client_waits : nullptr;
}

void Measurements::forget_most_requests() {
  for (const std::atomic<Run*>& place : runs_) {
    if (Run* run = place.load(std::memory_order_acquire)) run->most_requests.store(0, std::memory_order_relaxed);
  }
}

}  // namespace brink::reactor
