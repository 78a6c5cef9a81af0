// What a reactor counts. Only ever grows, but for `open`.
#pragma once

#include <array>
#include <cstdint>

#include "http/refusal.h"

namespace brink::reactor {

struct Stats {
  uint64_t accepted = 0;
  uint64_t open = 0;
  uint64_t requests = 0;  // that arrived whole, or were answered before
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t partial_writes = 0;  // answers that a socket did not take at once
  uint64_t batches = 0;
  uint64_t shed = 0;           // connections that were turned away, as there was no room for them
  uint64_t idle_timeouts = 0;  // connections that were closed because nothing was asked any more
  uint64_t resets = 0;         // connections that broke
  std::array<uint64_t, http::kRefusalCount> refusals = {};
};

}  // namespace brink::reactor
