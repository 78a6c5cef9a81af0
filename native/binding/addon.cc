// What the addon exports: the server, and what TypeScript must know of this build.
#include <napi.h>

#include "binding/server.h"
#include "generated/layout.h"
#include "llhttp.h"
#include "poller/poller.h"

namespace {

Napi::Array backend_names(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (const auto& backend : brink::poller::backends()) {
    names.Set(names.Length(), Napi::String::New(env, std::string(backend.name)));
  }
  return names;
}

// Method names by llhttp's number, as requests carry it.
Napi::Array method_names(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
#define BRINK_METHOD(number, name, string) names.Set(uint32_t{number}, Napi::String::New(env, #string));
  HTTP_METHOD_MAP(BRINK_METHOD)
#undef BRINK_METHOD
  return names;
}

Napi::Object define(Napi::Env env, Napi::Object exports) {
  exports.Set("Server", brink::binding::Server::define(env));
  exports.Set("layout", Napi::String::New(env, brink::layout::kText));
  exports.Set("methods", method_names(env));
  exports.Set("backends", backend_names(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(brink, define)
