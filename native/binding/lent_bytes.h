// Bodies that JavaScript lends: kept from the garbage collector and sent from where they lie, which only its own thread
// can do; or copied.
#pragma once

#include <napi.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "net/byte_pool.h"
#include "net/pending_output.h"

namespace brink::binding {

// Who lent memory that was taken away, or resized, before all of it was sent: references, to be told to JavaScript.
using Losers = std::vector<napi_ref>;

// A reference keeps a view from the collector, but not its memory from the app, which may transfer the buffer, shrink
// or grow it: so the view is asked before each system call. On the JavaScript thread nothing happens in between. Of all
// calls of Node-API only those are used that are allowed while a worker is being terminated.
class JavaScriptBytes final : public net::Holder {
 public:
  // `owner`: the object that is told of when they change; any other value when nobody else can reach them.
  JavaScriptBytes(napi_env env, napi_value bytes, size_t length, napi_value owner, Losers& losers)
      : env_(env), losers_(losers), length_(length) {
    napi_create_reference(env, bytes, 1, &bytes_);
    // Refused for what is no object.
    if (napi_create_reference(env, owner, 1, &owner_) != napi_ok) owner_ = nullptr;
  }
  JavaScriptBytes(const JavaScriptBytes&) = delete;
  JavaScriptBytes& operator=(const JavaScriptBytes&) = delete;
  ~JavaScriptBytes() override {
    napi_delete_reference(env_, bytes_);
    if (owner_) napi_delete_reference(env_, owner_);
  }

  net::Slice slice() override {
    Napi::HandleScope scope(env_);
    size_t length = 0;
    void* data = nullptr;
    napi_value view = nullptr;
    bool found = napi_get_reference_value(env_, bytes_, &view) == napi_ok && view &&
                 napi_get_typedarray_info(env_, view, nullptr, &length, &data, nullptr, nullptr) == napi_ok;
    if (!found || !data) length = 0;
    if (length != length_ && owner_) losers_.push_back(std::exchange(owner_, nullptr));
    return {static_cast<const char*>(data), length};
  }

 private:
  napi_env env_;
  Losers& losers_;
  size_t length_;
  napi_ref bytes_ = nullptr;
  napi_ref owner_ = nullptr;
};

// For another thread: nothing of JavaScript's memory goes there. And where JavaScript wants to have it back at once.
class CopiedBytes final : public net::Holder {
 public:
  CopiedBytes(net::Slice bytes, net::BytePool& pool) : pool_(pool), bytes_(pool.take(bytes.size)), size_(bytes.size) {
    if (bytes.size > 0) std::memcpy(bytes_.get(), bytes.data, bytes.size);
  }
  CopiedBytes(const CopiedBytes&) = delete;
  CopiedBytes& operator=(const CopiedBytes&) = delete;
  ~CopiedBytes() override { pool_.give_back(std::move(bytes_), size_); }

  net::Slice slice() override { return {bytes_.get(), size_}; }

 private:
  net::BytePool& pool_;
  net::BytePool::Piece bytes_;
  size_t size_;
};

}  // namespace brink::binding
