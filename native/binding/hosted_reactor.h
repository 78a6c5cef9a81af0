// A reactor with its host, as TypeScript sees it: gives batches to one function, takes replies out of blocks. It keeps
// itself alive while it is open, and closes itself when its environment ends.
//
//   new Reactor(settings, requestBlocks, replyBlocks, state, onBatch, onResume, lenderOf, onIdle, onClosed)
//     .lend(body, copied)   a large body, or a slice of a file, for the block of replies that is being filled: its
//     place,
//                           which the reply names. lenderOf(place) is whom it is of, when it is not sent at once
//     .flush(atLeisure)     hands over what the block of replies holds, and gives true. At leisure it gives false, and
//                           does not, when the reactor has not taken those of before
//     .losers()             those whose bodies have changed before they were sent, since the last call
//
// `state` is an Int32Array of the layout's state words. Taking a block of replies, this side puts another one's place
// there, and adds a block to the list when it has none to give.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/blocks.h"
#include "binding/loans.h"
#include "host/host.h"
#include "net/system.h"
#include "reactor/options.h"

namespace brink::binding {

// What connections of a listener begin with, before their first request.
struct ListenerTerms {
  reactor::ProxyHeaders proxy_headers;
  std::shared_ptr<const tls::Contexts> contexts;
};

class HostedReactor final : public Napi::ObjectWrap<HostedReactor>, public host::Client {
 public:
  static Napi::Function define(Napi::Env env);
  explicit HostedReactor(const Napi::CallbackInfo& info);
  ~HostedReactor() override;

 private:
  Napi::Value listen(const Napi::CallbackInfo& info);
  Napi::Value listen_at_path(const Napi::CallbackInfo& info);
  Napi::Value listen_on(const Napi::CallbackInfo& info);
  Napi::Value take_listener(net::Opened opened, const ListenerTerms& terms, const std::vector<HostedReactor*>& others);
  void stop_listening(const Napi::CallbackInfo& info);
  void close_idle(const Napi::CallbackInfo& info);
  void set_deadlines(const Napi::CallbackInfo& info);
  void set_max_connections(const Napi::CallbackInfo& info);
  void change_contexts(const Napi::CallbackInfo& info);
  Napi::Value connections(const Napi::CallbackInfo& info);
  void ref(const Napi::CallbackInfo& info);
  void unref(const Napi::CallbackInfo& info);
  void start(const Napi::CallbackInfo& info);
  Napi::Value lend(const Napi::CallbackInfo& info);
  Napi::Value losers(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  void set_fixed(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value metrics(const Napi::CallbackInfo& info);
  Napi::Value measurements(const Napi::CallbackInfo& info);
  Napi::Value take_logged(const Napi::CallbackInfo& info);
  void pace_accepts(const Napi::CallbackInfo& info);
  void limit_receive_buffer(const Napi::CallbackInfo& info);
  void drain(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  void on_batch(reactor::Batch& batch) override;
  void on_drained(host::Drained what) override;
  void on_closed() override;

  static bool reactors_in(const Napi::Value& value, std::vector<HostedReactor*>* reactors);
  bool take_blocks(const Napi::CallbackInfo& info);
  void open_host(const Napi::Object& settings);
  int32_t told(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments);
  void flush_replies(host::Timing timing);
  bool may_put_off_replies();
  napi_value lender_of(uint32_t place);
  void call(Napi::FunctionReference& function, const std::initializer_list<napi_value>& arguments);
  void clear_exception();
  void let_go_of_callbacks();
  static void environment_ends(napi_async_cleanup_hook_handle handle, void* data);

  Loans loans_;  // outlives the host, which holds what was lent
  std::unique_ptr<host::Host> host_;
  reactor::Options options_;
  std::shared_ptr<reactor::Metrics> metrics_;
  Blocks request_blocks_;
  Blocks reply_blocks_;
  Napi::ObjectReference state_list_;  // holds on to the state
  int32_t* state_ = nullptr;
  bool threaded_ = false;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_resume_;
  Napi::FunctionReference lender_of_;
  Napi::FunctionReference on_drained_;
  Napi::FunctionReference on_closed_;
  // Node holds on to a context's resource only as long as somebody else does, and with it to what is stored there.
  Napi::ObjectReference resource_;
  std::unique_ptr<Napi::AsyncContext> context_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  bool environment_ending_ = false;
  bool is_closed_ = false;
};

}  // namespace brink::binding
