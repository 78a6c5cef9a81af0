// What a reactor counts. Only ever grows, but for `open`.
#pragma once

#include <array>
#include <cstdint>

#include "http/refusal.h"
#include "net/pending_output.h"

namespace brink::reactor {

// What is done for clients, by kind.
struct Work {
  uint32_t requests = 0;
  uint32_t streams = 0;  // answers of which the app gives one piece after the other
  uint32_t tunnels = 0;
};

// What became of it since the drain began.
struct DrainedWork {
  Work answered;  // to the last byte, which the system has taken
  Work cut;       // by cut()
  Work lost;      // otherwise: the client has left or was too slow, or the app broke the answer off
};

struct Stats {
  uint64_t accepted = 0;
  uint64_t open = 0;
  uint64_t requests = 0;  // that arrived whole, or were answered before
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t partial_writes = 0;  // answers that a socket did not take at once
  uint64_t batches = 0;
  uint64_t waits = 0;           // turns, each with a call of the poller
  uint64_t receives = 0;        // calls of recv()
  uint64_t empty_receives = 0;  // those that found nothing: EAGAIN
  net::SendCalls sends;         // of sendmsg(), and of sendfile()
  uint64_t shed = 0;            // connections that were turned away, as there was no room for them
  uint64_t idle_timeouts = 0;   // connections that were closed because nothing was asked any more
  uint64_t resets = 0;          // connections that broke
  uint64_t handshakes = 0;      // of TLS, that were completed
  uint64_t resumed = 0;         // those of them that have resumed a session
  std::array<uint64_t, http::kRefusalCount> refusals = {};
  DrainedWork drained;
};

}  // namespace brink::reactor
