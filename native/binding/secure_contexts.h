// Contexts of TLS as values of JavaScript: made from options that TypeScript has put into order, given to listeners.
#pragma once

#include <napi.h>

#include <memory>

#include "tls/session.h"

namespace brink::binding {

// secureContexts of the addon, and `tlsLibrary()`, which tells which OpenSSL there is.
void define_secure_contexts(Napi::Env env, Napi::Object exports);

// Null for what is none.
std::shared_ptr<const tls::Contexts> contexts_of(const Napi::Value& value);

}  // namespace brink::binding
