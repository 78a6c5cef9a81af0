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

class JavaScriptBytes;

// What is lent on the JavaScript thread. Who lent it is asked for only where it is not sent at once, as most is.
struct LentBytes {
  std::vector<JavaScriptBytes*> fresh;  // of the block that is being filled, by their places; null for what is over
  std::vector<uint32_t> changed;        // places of those that changed before the flush
  std::vector<napi_ref> losers;         // who lent what has changed, to be told to JavaScript
};

// A reference keeps a view from the collector, but not its memory from the app, which may transfer the buffer, shrink
// or grow it: so the view is asked before each system call. On the JavaScript thread nothing happens in between. Of all
// calls of Node-API only those are used that are allowed while a worker is being terminated.
class JavaScriptBytes final : public net::Holder {
 public:
  JavaScriptBytes(napi_env env, napi_value bytes, size_t length, size_t place, LentBytes& loans)
      : env_(env), loans_(loans), length_(length), place_(static_cast<uint32_t>(place)) {
    napi_create_reference(env, bytes, 1, &bytes_);
    if (loans_.fresh.size() <= place) loans_.fresh.resize(place + 1);
    loans_.fresh[place] = this;
  }
  JavaScriptBytes(const JavaScriptBytes&) = delete;
  JavaScriptBytes& operator=(const JavaScriptBytes&) = delete;
  ~JavaScriptBytes() override {
    if (place_ < loans_.fresh.size() && loans_.fresh[place_] == this) loans_.fresh[place_] = nullptr;
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
    if (length != length_ && !std::exchange(is_told_, true)) {
      if (is_fresh_) loans_.changed.push_back(place_);
      if (owner_) loans_.losers.push_back(std::exchange(owner_, nullptr));
    }
    return {static_cast<const char*>(data), length};
  }

  uint32_t place() const { return place_; }
  // It was not sent at once. `owner` is an object that is told when it changes; or nothing.
  void keep(napi_value owner) {
    is_fresh_ = false;
    // Refused for what is no object.
    if (napi_create_reference(env_, owner, 1, &owner_) != napi_ok) owner_ = nullptr;
  }

 private:
  napi_env env_;
  LentBytes& loans_;
  size_t length_;
  uint32_t place_;
  bool is_fresh_ = true;
  bool is_told_ = false;
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
