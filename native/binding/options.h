// Reads the options that TypeScript has validated. They are looked at again here, for what reaches the core must be in
// range whoever calls.
#pragma once

#include <napi.h>

#include <memory>

#include "reactor/options.h"

namespace brink::binding {

// { proxyProtocol } of a listener.
reactor::ProxyHeaders proxy_headers_of(const Napi::Object& given);
// { routes }: how many are measured by themselves.
std::shared_ptr<reactor::Metrics> new_metrics(const Napi::Object& given);
reactor::Options options_from(const Napi::Object& given);
// Those deadlines that are given; the others stay as they are.
void read_deadlines(const Napi::Object& given, reactor::Options& options);

}  // namespace brink::binding
