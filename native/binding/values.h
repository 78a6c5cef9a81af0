// Values of JavaScript, read without running any of it. While a worker is being terminated, each call of Node-API that
// could run JavaScript fails, at any time and in the middle of a function: what it would have given is empty then, and
// to convert what is empty ends the process. These give the fallback for what is empty, or of another type.
#pragma once

#include <napi.h>

#include <string>

namespace brink::binding {

inline bool boolean_of(const Napi::Value& value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

inline double number_of(const Napi::Value& value, double fallback = 0) {
  return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : fallback;
}

// NaN and what is out of range are modulo 2^32, as in JavaScript.
inline uint32_t uint32_of(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}

inline std::string string_of(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

// The object that was wrapped, if it carries the tag; null if it does not, or if the environment cannot say.
template <typename Wrapped>
Wrapped* tagged(const Napi::Value& value, const napi_type_tag& tag) {
  if (!value.IsObject()) return nullptr;
  Napi::Object object = value.As<Napi::Object>();
  return object.CheckTypeTag(&tag) ? Wrapped::Unwrap(object) : nullptr;
}

}  // namespace brink::binding
