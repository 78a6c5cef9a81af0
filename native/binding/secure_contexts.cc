#include "binding/secure_contexts.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/values.h"
#include "tls/context.h"

namespace brink::binding {
namespace {

constexpr napi_type_tag kContextsTag = {0x6272696e6b2d746c, 0x732d636f6e746578};

using Held = std::shared_ptr<const tls::Contexts>;

// Out of line, because there are many of them and nobody waits for them.
[[gnu::noinline, gnu::cold]] Napi::Value field(const Napi::Object& given, const char* name) { return given.Get(name); }

std::string bytes_of(const Napi::Value& value) {
  if (value.IsString()) return string_of(value);
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  bool is_bytes = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) == napi_ok &&
                  type == napi_uint8_array;
  return is_bytes ? std::string(static_cast<const char*>(data), length) : std::string();
}

template <typename Take>
void each_of(const Napi::Value& value, Take take) {
  if (!value.IsArray()) return;
  Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) take(list.Get(i));
}

std::vector<std::string> list_of(const Napi::Value& value) {
  std::vector<std::string> list;
  each_of(value, [&list](const Napi::Value& each) { list.push_back(bytes_of(each)); });
  return list;
}

std::vector<tls::Secret> secrets_of(const Napi::Value& value) {
  std::vector<tls::Secret> secrets;
  each_of(value, [&secrets](const Napi::Value& each) {
    if (!each.IsObject()) return;
    Napi::Object given = each.As<Napi::Object>();
    Napi::Value passphrase = field(given, "passphrase");
    secrets.push_back({bytes_of(field(given, "bytes")), string_of(passphrase), passphrase.IsString()});
  });
  return secrets;
}

[[gnu::cold]] tls::ContextOptions context_options(const Napi::Object& given) {
  tls::ContextOptions options;
  options.name = string_of(field(given, "name"));
  options.keys = secrets_of(field(given, "keys"));
  options.certs = list_of(field(given, "certs"));
  options.archives = secrets_of(field(given, "archives"));
  options.authorities = list_of(field(given, "authorities"));
  options.revocations = list_of(field(given, "revocations"));
  options.asks_for_certificate = boolean_of(field(given, "asksForCertificate"));
  options.takes_any_certificate = boolean_of(field(given, "takesAnyCertificate"));
  options.session_scope = bytes_of(field(given, "sessionScope")).substr(0, 32);
  options.least_version = string_of(field(given, "leastVersion"));
  options.greatest_version = string_of(field(given, "greatestVersion"));
  options.ciphers = string_of(field(given, "ciphers"));
  options.cipher_suites = string_of(field(given, "cipherSuites"));
  options.groups = string_of(field(given, "groups"));
  options.signature_algorithms = string_of(field(given, "signatureAlgorithms"));
  options.session_timeout_s = uint32_of(field(given, "sessionTimeout")) & 0x7fffffff;
  options.ticket_keys = list_of(field(given, "ticketKeys"));
  return options;
}

// secureContexts([{ name, keys, certs, archives, … }, …]): throws an Error with the sentence of why not.
[[gnu::cold]] Napi::Value secure_contexts(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const tls::Binding& binding = tls::openssl_of_process();
  std::vector<tls::ContextOptions> options;
  each_of(info[0], [&options](const Napi::Value& each) {
    if (each.IsObject()) options.push_back(context_options(each.As<Napi::Object>()));
  });
  std::string why_not = binding.openssl ? "a list of options was expected" : binding.why_not;
  Held contexts;
  if (binding.openssl && !options.empty()) contexts = tls::make_contexts(*binding.openssl, options, &why_not);
  if (!contexts) {
    Napi::Error::New(env, why_not).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object object = Napi::Object::New(env);
  auto held = std::make_unique<Held>(std::move(contexts));
  auto let_go = [](napi_env, void* data, void*) { std::unique_ptr<Held>(static_cast<Held*>(data)); };
  if (napi_wrap(env, object, held.get(), let_go, nullptr, nullptr) != napi_ok) return env.Undefined();
  held.release();
  object.TypeTag(&kContextsTag);
  return object;
}

// { version }, or { whyNot }.
[[gnu::cold]] Napi::Value tls_library(const Napi::CallbackInfo& info) {
  const tls::Binding& binding = tls::openssl_of_process();
  Napi::Object library = Napi::Object::New(info.Env());
  library.Set(binding.openssl ? "version" : "whyNot", binding.openssl ? binding.version : binding.why_not);
  return library;
}

}  // namespace

void define_secure_contexts(Napi::Env env, Napi::Object exports) {
  exports.Set("secureContexts", Napi::Function::New<secure_contexts>(env, "secureContexts"));
  exports.Set("tlsLibrary", Napi::Function::New<tls_library>(env, "tlsLibrary"));
}

std::shared_ptr<const tls::Contexts> contexts_of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kContextsTag)) return nullptr;
  void* held = nullptr;
  return napi_unwrap(value.Env(), value, &held) == napi_ok ? *static_cast<Held*>(held) : nullptr;
}

}  // namespace brink::binding
