// What a reactor is told when it is made; its deadlines may change later. Times in milliseconds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/limits.h"
#include "net/network.h"

namespace brink::reactor {

class Measurements;
class Metrics;
class RequestLog;

// For a deadline that never comes. Sums with it do not overflow.
inline constexpr uint64_t kNoTimeout = uint64_t{1} << 52;
// More connections than none are dropped.
inline constexpr uint32_t kNoConnections = UINT32_MAX;

// What connections of a listener begin with.
enum class ProxyHeaders : uint8_t {
  off,       // with a request
  accepted,  // with a header of the PROXY protocol or without one, if their peer is trusted; others with a request
  required,  // with a header, and from a trusted peer
};

// Who may say who its client is.
struct TrustedPeers {
  bool any = false;
  bool unix_sockets = false;
  std::vector<net::Network> networks;

  bool includes(const net::Address& peer) const {
    if (any || (peer.is_unix && unix_sockets)) return true;
    return std::any_of(networks.begin(), networks.end(), [&](const net::Network& each) { return each.contains(peer); });
  }
};

struct Options {
  http::Limits limits;
  uint32_t max_pipelined = 64;
  uint32_t max_connections = 0;              // more are answered with 503; 0: any number; kNoConnections: none
  uint32_t max_requests_per_connection = 0;  // 0: any number
  uint32_t min_rate_bytes = 240;             // a second, of a body that arrives or an answer that is taken; 0: any
  bool tells_client_errors = false;          // to JavaScript, as events
  bool takes_upgrades = false;               // a request that offers one is told so, and waited for
  bool asks_about_refusals = false;          // what a client is told that is refused, is the app's
  bool tells_connections = false;            // that are opened and closed, to JavaScript; for more there is no answer
  TrustedPeers trusted_peers;                // whose headers of the PROXY protocol are believed
  uint64_t max_pending_output_bytes = 1024 * 1024;     // above it the connection is not read
  uint64_t max_pending_input_bytes = 8 * 1024 * 1024;  // of requests that are not answered; above it no more are read
  uint64_t keep_alive_timeout_ms = 72'000;
  uint64_t handshake_timeout_ms = 10'000;
  uint64_t headers_timeout_ms = 10'000;
  uint64_t request_timeout_ms = 60'000;
  uint64_t write_timeout_ms = 30'000;
  uint64_t half_close_timeout_ms = 5'000;      // for the answers to a client that has closed its side
  std::shared_ptr<RequestLog> log;             // null: nothing is logged
  std::shared_ptr<Metrics> metrics;            // null: nothing is measured
  std::shared_ptr<Measurements> measurements;  // the same for load targets
  uint64_t drained_since_ms = kNoTimeout;      // by the clock; kNoTimeout: it is not draining
  uint64_t grace_ms = 0;                       // then, for an idle connection's next request; 0: there is none
};

}  // namespace brink::reactor
