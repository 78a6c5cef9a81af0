#include "binding/secure_contexts.h"

#include <string>
#include <utility>
#include <vector>

#include "binding/values.h"
#include "tls/context.h"

namespace brink::binding {
namespace {

constexpr napi_type_tag kContextsTag = {0x6272696e6b2d746c, 0x732d636f6e746578};

// new SecureContexts([{ name, keys, certs, archives, … }, …]): throws an Error with the sentence of why not.
class SecureContexts final : public Napi::ObjectWrap<SecureContexts> {
 public:
  static Napi::Function define(Napi::Env env) { return DefineClass(env, "SecureContexts", {}); }
  explicit SecureContexts(const Napi::CallbackInfo& info);

  const std::shared_ptr<const tls::Contexts>& contexts() const { return contexts_; }

 private:
  std::shared_ptr<const tls::Contexts> contexts_;
};

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
    Napi::Value passphrase = given.Get("passphrase");
    secrets.push_back({bytes_of(given.Get("bytes")), string_of(passphrase), passphrase.IsString()});
  });
  return secrets;
}

tls::ContextOptions context_options(const Napi::Object& given) {
  tls::ContextOptions options;
  options.name = string_of(given.Get("name"));
  options.keys = secrets_of(given.Get("keys"));
  options.certs = list_of(given.Get("certs"));
  options.archives = secrets_of(given.Get("archives"));
  options.authorities = list_of(given.Get("authorities"));
  options.revocations = list_of(given.Get("revocations"));
  options.asks_for_certificate = boolean_of(given.Get("asksForCertificate"));
  options.takes_any_certificate = boolean_of(given.Get("takesAnyCertificate"));
  options.session_scope = bytes_of(given.Get("sessionScope")).substr(0, 32);
  options.least_version = string_of(given.Get("leastVersion"));
  options.greatest_version = string_of(given.Get("greatestVersion"));
  options.ciphers = string_of(given.Get("ciphers"));
  options.cipher_suites = string_of(given.Get("cipherSuites"));
  options.groups = string_of(given.Get("groups"));
  options.signature_algorithms = string_of(given.Get("signatureAlgorithms"));
  options.session_timeout_s = uint32_of(given.Get("sessionTimeout")) & 0x7fffffff;
  options.ticket_keys = list_of(given.Get("ticketKeys"));
  return options;
}

SecureContexts::SecureContexts(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SecureContexts>(info) {
  Napi::Env env = info.Env();
  const tls::Binding& binding = tls::openssl_of_process();
  std::vector<tls::ContextOptions> options;
  each_of(info[0], [&options](const Napi::Value& each) {
    if (each.IsObject()) options.push_back(context_options(each.As<Napi::Object>()));
  });
  std::string why_not = binding.openssl ? "SecureContexts expects a list of options" : binding.why_not;
  if (binding.openssl && !options.empty()) contexts_ = tls::make_contexts(*binding.openssl, options, &why_not);
  if (!contexts_) {
    Napi::Error::New(env, why_not).ThrowAsJavaScriptException();
    return;
  }
  info.This().As<Napi::Object>().TypeTag(&kContextsTag);
}

// { version }, or { whyNot }.
Napi::Value tls_library(const Napi::CallbackInfo& info) {
  const tls::Binding& binding = tls::openssl_of_process();
  Napi::Object library = Napi::Object::New(info.Env());
  library.Set(binding.openssl ? "version" : "whyNot", binding.openssl ? binding.version : binding.why_not);
  return library;
}

}  // namespace

void define_secure_contexts(Napi::Env env, Napi::Object exports) {
  exports.Set("SecureContexts", SecureContexts::define(env));
  exports.Set("tlsLibrary", Napi::Function::New<tls_library>(env, "tlsLibrary"));
}

std::shared_ptr<const tls::Contexts> contexts_of(const Napi::Value& value) {
  auto* wrapped = tagged<SecureContexts>(value, kContextsTag);
  return wrapped ? wrapped->contexts() : nullptr;
}

}  // namespace brink::binding
