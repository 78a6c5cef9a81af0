// The server as JavaScript's inner side sees it: gives batches to one function, takes replies out of a block. It keeps
// itself alive while it is open, and closes itself when its environment ends.
//
//   new Server(options, requests: ArrayBuffer, replies: ArrayBuffer, bodies: Uint8Array[], onBatch, onIdle, onClosed)
#pragma once

#include <napi.h>

#include <memory>

#include "host/host.h"

namespace brink::binding {

class Server final : public Napi::ObjectWrap<Server>, public host::Client {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Server(const Napi::CallbackInfo& info);
  ~Server() override;

 private:
  Napi::Value listen(const Napi::CallbackInfo& info);
  void start(const Napi::CallbackInfo& info);
  void flush(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  void drain(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  void on_batch(reactor::Batch& batch) override;
  void on_idle() override;
  void on_closed() override;

  void flush_replies();
  void call(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments);
  static void environment_ends(napi_async_cleanup_hook_handle handle, void* server);

  std::unique_ptr<host::Host> host_;
  reactor::Block requests_;
  reactor::Block replies_;
  Napi::ObjectReference blocks_[2];
  Napi::ObjectReference bodies_;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_idle_;
  Napi::FunctionReference on_closed_;
  std::unique_ptr<Napi::AsyncContext> context_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  bool environment_ending_ = false;
};

}  // namespace brink::binding
