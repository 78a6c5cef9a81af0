// How much of a request is accepted before it is refused. Sizes in bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brink::http {

// What is not judged here but left to the app, which is told instead. Nothing, by default.
struct LeftToApp {
  bool expectations = false;  // and `100 Continue`
  bool hosts = false;         // that are missing, empty or no authority; not more than one
  bool targets = false;       // of any characters but white space and controls
  bool web_targets = false;   // characters of targets that browsers do not escape
  bool upgrades = false;      // of requests with bodies, too, and what a body is of one that is offered
};

struct Limits {
  uint32_t header_bytes = 16 * 1024;  // the whole head: request line and field lines
  uint32_t fields = 100;
  uint32_t target_bytes = 8 * 1024;
  uint64_t body_bytes = 1024 * 1024;
  uint32_t chunk_overhead_bytes = 16 * 1024;  // chunk sizes, extensions and trailers of one message
  LeftToApp left_to_app;
  bool is_secure = false;  // over TLS: what is asked for is of `https`
};

// Offsets into a head are 16 bits wide, and the table of fields is an array.
inline constexpr uint32_t kMostHeaderBytes = 65535;
inline constexpr uint32_t kMostFields = 1000;

}  // namespace brink::http
