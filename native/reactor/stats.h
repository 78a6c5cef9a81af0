// What a reactor counts. Only ever grows, but for `open`.
#pragma once

#include <cstdint>

namespace brink::reactor {

struct Stats {
  uint64_t accepted = 0;
  uint64_t open = 0;
  uint64_t requests = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t partial_writes = 0;  // answers that a socket did not take at once
  uint64_t batches = 0;
  uint64_t refused = 0;   // requests that were not valid, or more than the limits allow
  uint64_t shed = 0;      // connections that were turned away, as there was no room for them
  uint64_t timeouts = 0;  // connections that were ended by a deadline
};

}  // namespace brink::reactor
