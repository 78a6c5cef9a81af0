#include "fuzz/setup.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/request_log.h"

namespace brink::fuzz {
namespace {

// Two bits at a time choose one of four: the usual first, so that zeros are an ordinary server.
class Choices {
 public:
  explicit Choices(Script& script) : script_(script) {}

  template <typename T>
  T of(T usual, T second, T third, T fourth) {
    if (left_ == 0) {
      bits_ = script_.byte();
      left_ = 4;
    }
    uint8_t choice = bits_ & 3;
    bits_ = static_cast<uint8_t>(bits_ >> 2);
    left_--;
    return choice == 0 ? usual : choice == 1 ? second : choice == 2 ? third : fourth;
  }

 private:
  Script& script_;
  uint8_t bits_ = 0;
  int left_ = 0;
};

}  // namespace

// What brink's own router has off, together.
void choose_hooks(int which, reactor::Options& options) {
  options.takes_upgrades = which > 0;
  options.tells_connections = which >= 2;
  options.asks_about_refusals = which == 2;
  bool is_left = which == 2;
  options.limits.left_to_app = {is_left, is_left, is_left, is_left, is_left};
}

// Where it depends on the peer, half of the clients are trusted: those with an IPv4 address.
void choose_proxy_headers(int which, Setup& setup) {
  if (which == 1) {
    setup.proxy_headers = reactor::ProxyHeaders::accepted;
    setup.options.trusted_peers.networks.push_back({{}, 0, true});
  }
  if (which == 2) {
    setup.proxy_headers = reactor::ProxyHeaders::required;
    setup.options.trusted_peers.any = true;
  }
}

Setup Setup::read(Script& script) {
  Setup setup;
  reactor::Options& options = setup.options;
  Choices choose(script);
  using Trigger = FakePoller::Trigger;
  setup.trigger = choose.of(Trigger::edge, Trigger::level, Trigger::kqueue, Trigger::level);
  setup.blocks = choose.of<size_t>(1, 3, 2, 1);
  setup.is_inline = setup.blocks == 1;
  int numbers = choose.of(0, 1, 2, 3);
  setup.reuses_numbers = numbers != 2;
  int listening = choose.of(0, 1, 2, 3);
  setup.listeners = listening == 3 ? 2 : 1;
  choose_proxy_headers(listening, setup);
  setup.speaks_tls = numbers == 3 && setup.proxy_headers == reactor::ProxyHeaders::off;

  options.max_pipelined = choose.of(64u, 1u, 2u, 8u);
  options.max_pending_output_bytes = choose.of<uint64_t>(1024 * 1024, 1, 100, 4096);
  options.max_connections = choose.of(0u, 1u, 2u, 5u);
  options.max_requests_per_connection = choose.of(0u, 1u, 2u, 3u);

  options.min_rate_bytes = choose.of(240u, 0u, 1u, 1u << 20);
  options.keep_alive_timeout_ms = choose.of<uint64_t>(72'000, 1, 1'000, 600'000);
  options.headers_timeout_ms = choose.of<uint64_t>(10'000, 1, 1'000, 200'000);
  options.request_timeout_ms = choose.of<uint64_t>(60'000, 1, 6'000, 200'000);

  options.write_timeout_ms = choose.of<uint64_t>(30'000, 1, 4'000, 200'000);
  options.tells_client_errors = choose.of(false, true, true, false);
  options.limits.header_bytes = choose.of(16u * 1024, 64u, 200u, http::kMostHeaderBytes);
  options.limits.fields = choose.of(100u, 1u, 4u, http::kMostFields);

  options.limits.target_bytes = choose.of(8u * 1024, 8u, 30u, 60'000u);
  options.limits.body_bytes = choose.of<uint64_t>(1024 * 1024, 0, 10, 40'000);
  options.limits.chunk_overhead_bytes = choose.of(16u * 1024, 0u, 20u, 1000u);
  choose_hooks(choose.of(0, 1, 2, 3), options);
  // Chosen with others: what the scripts of the corpus say stands where it stood.
  options.half_close_timeout_ms = std::clamp<uint64_t>(options.write_timeout_ms / 6, 1, 20'000);
  options.handshake_timeout_ms = options.headers_timeout_ms;
  options.max_pending_input_bytes = options.max_pending_output_bytes * 8;
  bool is_observed = options.max_pipelined != 1;
  if (is_observed) {
    options.log = std::make_shared<reactor::RequestLog>(std::vector<std::string>{"host", "expect", "x-forwarded-for"});
    options.metrics = std::make_shared<reactor::Metrics>(uint16_t{2});
    options.measurements = std::make_shared<reactor::Measurements>();
  }
  return setup;
}

}  // namespace brink::fuzz
