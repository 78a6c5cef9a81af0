// What is measured of the requests of a load target, by the numbers that cross with their replies. A number has a run
// of a load tool in its upper bits, and a kind, whatever that is, in the lower ones. Counted on the reactor's thread,
// and read on any other while it goes on: each figure is whole, and only ever grows, but for the most requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "generated/layout.h"
#include "reactor/count.h"
#include "reactor/event_writer.h"
#include "reactor/hdr_histogram.h"
#include "reactor/observed.h"

namespace brink::reactor {

class Measurements {
 public:
  struct Ended {
    uint16_t number = 0;
    uint16_t status = 0;
    RequestEnd end = RequestEnd::answered;
    bool is_whole = false;  // its answer was taken to the last byte
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
  };

  // A request begins: its run is not known yet.
  void count_request() { add(requests_, 1); }
  // Its number has come, with its answer or the end of its connection.
  void count_number(uint16_t number) { add(run_of(number).numbered, 1); }
  void count_end(const Ended& request);
  // Of whole answers. The one from the last byte of the request to the last byte of the answer that the system has
  // taken, the other how much of it the answer has waited for the client.
  void count_times(uint16_t number, uint64_t service_us, uint64_t wait_us);
  void count_batch(uint32_t requests);

  // The connection asks for a run from now on: see Observed.
  void count_connection(uint16_t number) { add(run_of(number).connections, 1); }
  // It was of this run, and is one of another from now on: its end will be counted there.
  void count_left(uint16_t number) { add(run_of(number).left, 1); }
  // So many requests of the run it has asked.
  void note_requests(uint16_t number, uint32_t requests);
  void count_close(uint16_t number, uint32_t requests, Cause cause);
  void count_close_without_request(Cause cause) { add(idle_closes_[static_cast<size_t>(cause)], 1); }

  // Below: read on any thread.
  static constexpr size_t kRuns = layout::kMeasuredRuns;

  // As the layout has them. Without a count for a run there is nothing of it, and read_run() is false.
  void read_loop(double* into) const;
  bool read_run(size_t run, double* into) const;
  // Puts those of all numbers of a run behind what is there.
  void read_numbers(size_t run, std::vector<double>& into) const;
  // Null where read_run() is false.
  const HdrHistogram* service_times(size_t run) const;
  const HdrHistogram* client_waits(size_t run) const;
  void forget_most_requests();

 private:
  // Answers by the last two digits of their status.
  struct Statuses {
    Count whole[100];
    Count broken[100];
  };

  struct Number {
    Count ends[layout::kMeasuredEnds] = {};
    Count bytes_in = 0;
    Count bytes_out = 0;
    std::unique_ptr<Statuses> owned[layout::kMeasuredHundreds];
    std::atomic<Statuses*> statuses[layout::kMeasuredHundreds] = {};
  };

  struct Run {
    Count numbered = 0;
    Count connections = 0;
    Count left = 0;  // for another run
    Count closes[layout::kMeasuredCauses] = {};
    Count most_requests = 0;  // of a connection
    Count requests_each[layout::kMetricsBatchSizes] = {};
    HdrHistogram service_times;
    HdrHistogram client_waits;
    std::vector<std::unique_ptr<Number>> owned;
    std::atomic<Number*> numbers[layout::kMeasuredKinds] = {};
  };

  Run& run_of(uint16_t number);
  Number& place_of(uint16_t number);
  const Run* find(size_t run) const { return runs_[run].load(std::memory_order_acquire); }

  std::unique_ptr<Run> owned_[kRuns];
  std::atomic<Run*> runs_[kRuns] = {};
  Count requests_ = 0;
  Count idle_closes_[layout::kMeasuredCauses] = {};
  Count batches_[layout::kMetricsBatchSizes] = {};
  Count batched_ = 0;
};

}  // namespace brink::reactor
