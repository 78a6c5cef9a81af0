#include "binding/options.h"

#include <algorithm>

#include "binding/values.h"
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

}  // namespace

void read_deadlines(const Napi::Object& given, reactor::Options& options) {
  read(given, "minRate", 0, 4294967295.0, &options.min_rate_bytes);
  read_timeout(given, "keepAliveTimeout", &options.keep_alive_timeout_ms);
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
  options.limits.left_to_app.upgrades = boolean_of(given.Get("takesAnyUpgrade"));
  options.takes_upgrades |= options.limits.left_to_app.upgrades;
  options.limits.left_to_app.hosts = boolean_of(given.Get("lenientHost"));
  options.limits.left_to_app.targets = boolean_of(given.Get("anyTarget"));
  options.limits.left_to_app.expectations = boolean_of(given.Get("ownsExpectations"));
  return options;
}

}  // namespace brink::binding
