// What a reactor is told when it is made. Times in milliseconds.
#pragma once

#include <cstdint>

#include "http/limits.h"

namespace brink::reactor {

struct Options {
  http::Limits limits;
  uint32_t max_pipelined = 64;
  uint64_t max_pending_output_bytes = 1024 * 1024;  // above it the connection is not read
  uint64_t keep_alive_timeout_ms = 72'000;
  uint64_t headers_timeout_ms = 10'000;
  uint64_t request_timeout_ms = 60'000;
  uint64_t write_timeout_ms = 30'000;
};

}  // namespace brink::reactor
