#include "binding/log_lines.h"

#include <memory>
#include <string>
#include <vector>

#include "binding/values.h"
#include "generated/layout.h"
#include "reactor/log_lines.h"

namespace brink::binding {
namespace {

std::vector<std::string> strings_in(const Napi::Value& value) {
  std::vector<std::string> strings;
  if (!value.IsArray()) return strings;
  Napi::Array list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) strings.push_back(string_of(list.Get(i)));
  return strings;
}

// The elements of a typed array of this type; null of anything else.
template <typename Element>
Element* elements_of(const Napi::CallbackInfo& info, size_t argument, napi_typedarray_type wanted, size_t* length) {
  napi_typedarray_type type;
  void* data = nullptr;
  bool is_it = napi_get_typedarray_info(info.Env(), info[argument], &type, length, &data, nullptr, nullptr) == napi_ok;
  return is_it && type == wanted ? static_cast<Element*>(data) : nullptr;
}

class LogLinesObject final : public Napi::ObjectWrap<LogLinesObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "LogLines", {InstanceMethod<&LogLinesObject::write>("write")});
  }

  explicit LogLinesObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LogLinesObject>(info) {
    using Format = reactor::LogLines::Format;
    if (!info[0].IsObject()) {
      Napi::TypeError::New(info.Env(), "LogLines expects settings").ThrowAsJavaScriptException();
      return;
    }
    Napi::Object given = info[0].As<Napi::Object>();
    Format format = string_of(given.Get("format")) == "json" ? Format::json : Format::combined;
    lines_ =
        std::make_unique<reactor::LogLines>(format, strings_in(given.Get("ends")), strings_in(given.Get("patterns")));
  }

 private:
  Napi::Value write(const Napi::CallbackInfo& info) {
    size_t count = 0, room = 0;
    auto* words = elements_of<uint32_t>(info, 0, napi_int32_array, &count);
    auto* into = elements_of<char>(info, 1, napi_uint8_array, &room);
    size_t at = uint32_of(info[2]);
    if (!lines_ || !words || !into || count < layout::kLogFirst || at > room) {
      Napi::TypeError::New(info.Env(), "write expects an Int32Array, a Uint8Array and a place in it")
          .ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    std::string id_prefix = string_of(info[5]), ip = string_of(info[6]), id = string_of(info[7]);
    reactor::LineSurroundings known;
    known.now_ms = number_of(info[3]);
    known.zone_minutes = static_cast<int32_t>(uint32_of(info[4]));
    known.id_prefix = id_prefix;
    if (info[6].IsString()) known.ip = &ip;
    if (info[7].IsString()) known.id = &id;
    return Napi::Number::New(info.Env(),
                             static_cast<double>(at + lines_->write(words, count, into + at, room - at, known)));
  }

  std::unique_ptr<reactor::LogLines> lines_;
};

}  // namespace

void define_log_lines(Napi::Env env, Napi::Object exports) { exports.Set("LogLines", LogLinesObject::define(env)); }

}  // namespace brink::binding
