#include "binding/options.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "binding/values.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/request_log.h"
#include "reactor/unanswered.h"

namespace brink::binding {
namespace {

template <typename Number>
void read(const Napi::Object& given, const char* name, double least, double most, Number* into) {
  Napi::Value value = given.Get(name);
  if (!value.IsNumber()) return;
  double number = value.As<Napi::Number>().DoubleValue();
  // Not a number compares false with everything.
  *into = static_cast<Number>(number >= least ? std::min(number, most) : least);
}

constexpr double kMostSafeInteger = 9007199254740991.0;

// In milliseconds; 0 turns it off.
void read_timeout(const Napi::Object& given, const char* name, uint64_t* into) {
  constexpr double kMost = static_cast<double>(reactor::kNoTimeout);
  uint64_t timeout_ms = *into == reactor::kNoTimeout ? 0 : *into;
  read(given, name, 0, kMost, &timeout_ms);
  *into = timeout_ms == 0 ? reactor::kNoTimeout : timeout_ms;
}

// Of each network the address, the bits of its prefix, and whether it is of IPv4.
void read_networks(const Napi::Value& given, std::vector<net::Network>* networks) {
  constexpr size_t kBytes = sizeof(net::Network::bytes), kEach = kBytes + 2;
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  bool is_bytes = napi_get_typedarray_info(given.Env(), given, &type, &length, &data, nullptr, nullptr) == napi_ok &&
                  type == napi_uint8_array;
  if (!is_bytes) return;
  for (size_t at = 0; at + kEach <= length; at += kEach) {
    const auto* bytes = static_cast<const uint8_t*>(data) + at;
    net::Network network;
    std::memcpy(network.bytes, bytes, kBytes);
    network.prefix_bits = std::min<uint8_t>(bytes[kBytes], 8 * kBytes);
    network.is_ipv4 = bytes[kBytes + 1] != 0;
    networks->push_back(network);
  }
}

// The names of fields that are logged, with commas; null without any text.
std::shared_ptr<reactor::RequestLog> log_of(const Napi::Value& given) {
  if (!given.IsString()) return nullptr;
  std::vector<std::string> names;
  std::string list = string_of(given);
  for (size_t at = 0; at < list.size();) {
    size_t end = std::min(list.find(',', at), list.size());
    names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return std::make_shared<reactor::RequestLog>(std::move(names));
}

}  // namespace

// Nothing is counted there before somebody asks.
std::shared_ptr<reactor::Metrics> new_metrics(const Napi::Object& given) {
  uint16_t routes = 0;
  read(given, "routes", 0, UINT16_MAX, &routes);
  return std::make_shared<reactor::Metrics>(routes);
}

reactor::ProxyHeaders proxy_headers_of(const Napi::Object& given) {
  std::string name = string_of(given.Get("proxyProtocol"));
  if (name == "accept") return reactor::ProxyHeaders::accepted;
  return name == "require" ? reactor::ProxyHeaders::required : reactor::ProxyHeaders::off;
}

void read_deadlines(const Napi::Object& given, reactor::Options& options) {
  read(given, "minRate", 0, 4294967295.0, &options.min_rate_bytes);
  read_timeout(given, "keepAliveTimeout", &options.keep_alive_timeout_ms);
  read_timeout(given, "handshakeTimeout", &options.handshake_timeout_ms);
  read_timeout(given, "headersTimeout", &options.headers_timeout_ms);
  read_timeout(given, "requestTimeout", &options.request_timeout_ms);
  read_timeout(given, "writeTimeout", &options.write_timeout_ms);
  read_timeout(given, "halfCloseTimeout", &options.half_close_timeout_ms);
}

reactor::Options options_from(const Napi::Object& given) {
  reactor::Options options;
  read_deadlines(given, options);
  read(given, "maxHeaderSize", 64, http::kMostHeaderBytes, &options.limits.header_bytes);
  read(given, "maxHeaders", 1, http::kMostFields, &options.limits.fields);
  read(given, "maxTargetSize", 1, http::kMostHeaderBytes, &options.limits.target_bytes);
  read(given, "bodyLimit", 0, kMostSafeInteger, &options.limits.body_bytes);
  read(given, "maxChunkOverhead", 0, 4294967295.0, &options.limits.chunk_overhead_bytes);
  read(given, "maxConnections", 0, 4294967295.0, &options.max_connections);
  read(given, "maxRequestsPerConnection", 0, 4294967295.0, &options.max_requests_per_connection);
  read(given, "maxPipelined", 1, reactor::Unanswered::kMost, &options.max_pipelined);
  read(given, "maxPendingOutput", 1, kMostSafeInteger, &options.max_pending_output_bytes);
  read(given, "maxPendingInput", 1, kMostSafeInteger, &options.max_pending_input_bytes);
  options.tells_client_errors = boolean_of(given.Get("tellsClientErrors"));
  options.takes_upgrades = boolean_of(given.Get("takesUpgrades"));
  options.tells_connections = boolean_of(given.Get("tellsConnections"));
  options.asks_about_refusals = boolean_of(given.Get("asksAboutRefusals"));
  options.trusted_peers.any = boolean_of(given.Get("trustsAnyPeer"));
  options.trusted_peers.unix_sockets = boolean_of(given.Get("trustsUnixPeers"));
  read_networks(given.Get("trustedNetworks"), &options.trusted_peers.networks);
  options.log = log_of(given.Get("logs"));
  if (boolean_of(given.Get("measures"))) options.metrics = new_metrics(given);
  if (boolean_of(given.Get("measuresRuns"))) options.measurements = std::make_shared<reactor::Measurements>();
  options.limits.left_to_app.upgrades = boolean_of(given.Get("takesAnyUpgrade"));
  options.takes_upgrades |= options.limits.left_to_app.upgrades;
  options.limits.left_to_app.hosts = boolean_of(given.Get("lenientHost"));
  options.limits.left_to_app.targets = boolean_of(given.Get("anyTarget"));
  options.limits.left_to_app.web_targets = boolean_of(given.Get("webTargets"));
  options.limits.left_to_app.expectations = boolean_of(given.Get("ownsExpectations"));
  return options;
}

}  // namespace brink::binding
