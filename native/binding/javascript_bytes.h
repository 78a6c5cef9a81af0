// A body that lies in JavaScript's memory: kept from the garbage collector until its last byte is written.
#pragma once

#include <napi.h>

#include "net/pending_output.h"

namespace brink::binding {

class JavaScriptBytes final : public net::Holder {
 public:
  static net::HeldBytes hold(const Napi::Uint8Array& bytes) {
    net::HeldBytes held;
    held.bytes = {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
    held.holder = std::make_unique<JavaScriptBytes>(bytes);
    return held;
  }
  explicit JavaScriptBytes(const Napi::Uint8Array& bytes) : reference_(Napi::Persistent(bytes.As<Napi::Object>())) {}

 private:
  Napi::ObjectReference reference_;
};

}  // namespace brink::binding
