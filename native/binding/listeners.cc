#include "binding/listeners.h"

#include <cerrno>

#include <string>

#include "binding/errors.h"
#include "binding/values.h"

namespace brink::binding {
namespace {

// { descriptor } and where it is bound. JavaScript closes it, by closeListener.
Napi::Value kept(Napi::Env env, const net::Opened& opened) {
  if (opened.error != 0) return failure(env, opened.error, opened.syscall);
  Napi::Object bound = bound_to(env, opened.descriptor);
  if (bound.Get("errno").IsNumber()) {
    net::system::close(opened.descriptor);
  } else {
    bound.Set("descriptor", Napi::Number::New(env, static_cast<double>(opened.descriptor)));
  }
  return bound;
}

net::ListenOptions options_of(const Napi::Value& given) {
  return given.IsObject() ? listen_options(given.As<Napi::Object>()) : net::ListenOptions();
}

// openListener(address, port, { backlog, reusePort, claimsPort, ipv6Only, isOnlyBound })
Napi::Value open_listener(const Napi::CallbackInfo& info) {
  return kept(info.Env(), open_at(info[0], info[1], options_of(info[2])));
}

// openListenerAtPath(path, { backlog, mode })
Napi::Value open_listener_at_path(const Napi::CallbackInfo& info) {
  std::string path = string_of(info[0]);
  return kept(info.Env(), net::system::open_unix_listener(path.data(), path.size(), options_of(info[1])));
}

// adoptListener(descriptor, { backlog }): the descriptor that it gives is another one.
Napi::Value adopt_listener(const Napi::CallbackInfo& info) {
  return kept(info.Env(), adopt_copy(info[0], options_of(info[1])));
}

// closeListener(descriptor): what the others here have given. On Windows it is no descriptor of files, which Node could
// close.
void close_listener(const Napi::CallbackInfo& info) {
  net::system::close(static_cast<net::Descriptor>(number_of(info[0], -1)));
}

}  // namespace

Napi::Object failure(Napi::Env env, int error, const char* syscall) {
  Napi::Object failed = Napi::Object::New(env);
  failed.Set("errno", errno_of(env, error));
  failed.Set("syscall", Napi::String::New(env, syscall));
  return failed;
}

net::ListenOptions listen_options(const Napi::Object& given) {
  net::ListenOptions options;
  options.backlog = static_cast<int>(uint32_of(given.Get("backlog")));
  options.ipv6_only = boolean_of(given.Get("ipv6Only"));
  options.reuse_port = boolean_of(given.Get("reusePort"));
  options.claims_port = boolean_of(given.Get("claimsPort"));
  options.listens = !boolean_of(given.Get("isOnlyBound"));
  options.mode = static_cast<int>(number_of(given.Get("mode"), net::kAnyMode));
  return options;
}

Napi::Object bound_to(Napi::Env env, net::Descriptor listener) {
  int port = net::system::local_port(listener);
  if (port < 0) return failure(env, port, "getsockname");
  net::LocalName name = net::system::local_name(listener);
  Napi::Object bound = Napi::Object::New(env);
  bound.Set("port", Napi::Number::New(env, port));
  bound.Set(name.is_unix ? "path" : "address", Napi::String::New(env, name.text, name.size));
  return bound;
}

net::Opened open_at(const Napi::Value& address, const Napi::Value& port, const net::ListenOptions& options) {
  net::Address parsed;
  uint32_t number = uint32_of(port);
  bool valid =
      number <= 65535 && net::system::parse_address(string_of(address).c_str(), static_cast<uint16_t>(number), &parsed);
  if (!valid) return {net::kNoDescriptor, -EINVAL, "bind"};
  return net::system::open_listener(parsed, options);
}

net::Opened adopt_copy(const Napi::Value& descriptor, const net::ListenOptions& options) {
  double number = number_of(descriptor, -1);
  if (!(number >= 0 && number <= INT32_MAX)) return {net::kNoDescriptor, -EBADF, "listen"};
  int64_t own = net::system::duplicate(static_cast<net::Descriptor>(number));
  if (own < 0) return {net::kNoDescriptor, static_cast<int>(own), "dup"};
  net::Opened opened = net::system::adopt_listener(static_cast<net::Descriptor>(own), options);
  if (opened.error != 0) net::system::close(static_cast<net::Descriptor>(own));
  return opened;
}

void define_listeners(Napi::Env env, Napi::Object exports) {
  exports.Set("openListener", Napi::Function::New<open_listener>(env, "openListener"));
  exports.Set("openListenerAtPath", Napi::Function::New<open_listener_at_path>(env, "openListenerAtPath"));
  exports.Set("adoptListener", Napi::Function::New<adopt_listener>(env, "adoptListener"));
  exports.Set("closeListener", Napi::Function::New<close_listener>(env, "closeListener"));
}

}  // namespace brink::binding
