// Listening sockets as values of JavaScript: the options with which they are opened, where they are bound, and sockets
// that are only kept, to be passed to other processes, which accept from them.
#pragma once

#include <napi.h>

#include "net/system.h"

namespace brink::binding {

// { errno, syscall }
Napi::Object failure(Napi::Env env, int error, const char* syscall);
net::ListenOptions listen_options(const Napi::Object& given);
// { port, address } or { port: 0, path }; a failure when the system does not say.
Napi::Object bound_to(Napi::Env env, net::Descriptor listener);
// Opens a listener at a numeric address.
net::Opened open_at(const Napi::Value& address, const Napi::Value& port, const net::ListenOptions& options);
// A descriptor of its own for a bound socket.
net::Opened adopt_copy(const Napi::Value& descriptor, const net::ListenOptions& options);

// openListener, openListenerAtPath, adoptListener and closeListener of the addon.
void define_listeners(Napi::Env env, Napi::Object exports);

}  // namespace brink::binding
