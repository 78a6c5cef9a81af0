// What the addon exports: the hosted reactor, folders and files, listening sockets, and what TypeScript must know of
// this build.
#include <napi.h>

#include "binding/file.h"
#include "binding/hosted_reactor.h"
#include "binding/listeners.h"
#include "binding/log_lines.h"
#include "binding/secure_contexts.h"
#include "binding/values.h"
#include "generated/layout.h"
#include "http/refusal.h"
#include "llhttp.h"
#include "net/system.h"
#include "poller/poller.h"

namespace {

// The backends of this build, the best first.
Napi::Array backend_list(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& backend : brink::poller::backends()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Napi::String::New(env, std::string(backend.name)));
    entry.Set("needsThread", Napi::Boolean::New(env, !backend.has_descriptor));
    list.Set(list.Length(), entry);
  }
  return list;
}

// Method names by llhttp's number, as requests carry it.
Napi::Array method_names(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
#define BRINK_METHOD(number, name, string) names.Set(uint32_t{number}, Napi::String::New(env, #string));
  HTTP_METHOD_MAP(BRINK_METHOD)
#undef BRINK_METHOD
  return names;
}

// Why clients are refused, by number.
Napi::Array refusal_list(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& refusal : brink::http::kRefusals) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("code", Napi::String::New(env, refusal.code));
    entry.Set("status", Napi::Number::New(env, refusal.status));
    list.Set(list.Length(), entry);
  }
  return list;
}

// notify(path, text): sends a datagram to a socket of the UNIX domain, such as that of systemd. 0, or a negative errno.
Napi::Value notify(const Napi::CallbackInfo& info) {
  std::string path = brink::binding::string_of(info[0]), text = brink::binding::string_of(info[1]);
  int error = brink::net::system::send_datagram(path.data(), path.size(), text.data(), text.size());
  return Napi::Number::New(info.Env(), error);
}

Napi::Object define(Napi::Env env, Napi::Object exports) {
  exports.Set("Reactor", brink::binding::HostedReactor::define(env));
  brink::binding::define_files(env, exports);
  brink::binding::define_listeners(env, exports);
  brink::binding::define_secure_contexts(env, exports);
  brink::binding::define_log_lines(env, exports);
  exports.Set("notify", Napi::Function::New<notify>(env, "notify"));
  exports.Set("layout", Napi::String::New(env, brink::layout::kText));
  exports.Set("methods", method_names(env));
  exports.Set("backends", backend_list(env));
  exports.Set("refusals", refusal_list(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(brink, define)
