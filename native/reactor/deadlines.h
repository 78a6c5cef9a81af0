// The deadlines of connections: each wait has an explicit begin, set by the event that begins it, and due_ms() makes of
// it when it is over. Which wait it is, Connection::waits_for() tells.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "reactor/exchange.h"
#include "reactor/options.h"

namespace brink::reactor {

struct Connection;

// When what a connection may wait for began.
struct Since {
  uint64_t idle_ms = 0;     // it was accepted, or its last answer was taken
  uint64_t message_ms = 0;  // the first byte of the request that is read now came, or `100 Continue` was sent; before
                            // the first request: the proxy's header was waited for, and then the handshake
  uint64_t first_byte_us = 0;  // the same of the first byte, whatever the request has waited for
  uint64_t progress_ms = 0;    // output became pending, or the client took some of it
  uint64_t closed_ms = 0;      // the client was seen to have closed its side
  uint64_t looked_ms = 0;      // it was last looked at though it waits for nothing
};

// How much came of a body, or was taken of the output, since the last look at its rate.
struct RateWindow {
  uint64_t began_ms = 0;
  uint32_t bytes = 0;

  void restart(uint64_t now_ms) {
    began_ms = now_ms;
    bytes = 0;
  }
};

// How long a client may take nothing of what it is sent, and how little of it.
struct Patience {
  uint64_t timeout_ms = 0;
  uint64_t min_rate_bytes = UINT64_MAX;

  void join(const Patience& other) {
    timeout_ms = std::max(timeout_ms, other.timeout_ms);
    min_rate_bytes = std::min(min_rate_bytes, other.min_rate_bytes);
  }
};

// What single requests of a connection have other than the server.
class OwnDeadlines {
 public:
  void set(uint32_t sequence, const Deadlines& deadlines);
  // Null for the server's.
  const Deadlines* find(uint32_t sequence) const;
  // The answer to this request is on its way out: from now on its patience counts for what is unsent.
  void pass(uint32_t sequence, const Options& options);
  // All was taken.
  void forget_unsent() { of_unsent = {}; }
  Patience with_answer(uint32_t sequence, const Options& options) const;

  Patience of_unsent;  // the most there is with any of the answers that may not be taken yet

 private:
  struct OfRequest {
    uint32_t sequence;
    Deadlines deadlines;
  };
  std::vector<OfRequest> of_requests_;  // that are not done with
};

enum class Wait : uint8_t {
  nothing,       // a handler works, or a stream or a tunnel is quiet
  held_back,     // the same, and this side does not read: the end of the client would not be seen
  request,       // between requests: keepAliveTimeout; while draining, the grace
  announcement,  // by its proxy: headersTimeout
  handshake,     // of TLS: handshakeTimeout
  head,          // headersTimeout
  body,          // requestTimeout, minRate
  taking,        // output is pending: writeTimeout, minRate
  half_closed,   // the client has closed its side, and takes nothing: halfCloseTimeout
  lingering,     // everything was said
};

// When a connection that waits for this has waited too long, or its rate is to be looked at.
uint64_t due_ms(const Connection& connection, Wait wait, const Options& options);

// The same of Wait::request, which most wait for.
inline uint64_t next_request_due_ms(const Since& since, const Options& options) {
  uint64_t due = since.idle_ms + options.keep_alive_timeout_ms;
  if (options.drained_since_ms == kNoTimeout) return due;
  return std::min(due, std::max(since.idle_ms, options.drained_since_ms) + options.grace_ms);
}

uint64_t request_deadline_ms(const Connection& connection, const Options& options);
uint64_t taking_deadline_ms(const Connection& connection, const Options& options);
// Whether what came or was taken since the window began is less than the rate that was asked for.
bool is_too_slow(const Connection& connection, const Options& options, Wait wait, uint64_t now_ms);

inline Patience server_patience(const Options& options) { return {options.write_timeout_ms, options.min_rate_bytes}; }

// How long the input of a closing connection is read and forgotten.
constexpr uint64_t kLingerMs = 5'000;

}  // namespace brink::reactor
