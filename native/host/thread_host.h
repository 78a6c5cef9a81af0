// Runs a reactor on a thread of its own. Batches come to the JavaScript thread by a queue and a wake-up of libuv's, and
// replies go back likewise. For every poller, and the only way for those without a descriptor.
#pragma once

#include <uv.h>

#include <memory>

#include "host/host.h"
#include "host/reactor_thread.h"

namespace brink::host {

class ThreadHost final : public Host {
 public:
  // Null, and a negative errno, when the system refuses.
  static std::unique_ptr<Host> open(uv_loop_t* loop, const reactor::Options& options,
                                    std::unique_ptr<poller::Poller> poller, const std::vector<reactor::Block*>& blocks,
                                    Client& client, int* error);

  int add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers,
                   std::shared_ptr<const tls::Contexts> contexts) override {
    return thread_->add_listener(std::move(listener), shared, proxy_headers, std::move(contexts));
  }
  void start() override { thread_->start(); }
  void reply(reactor::Replies replies, Timing timing) override;
  bool has_reply_block() override { return !closing_ && thread_->has_reply_block(); }
  reactor::Block* next_reply_block() override { return closing_ ? nullptr : thread_->take_reply_block(); }
  bool give_up_reply_block(reactor::Block* block) override { return !closing_ && thread_->give_up_reply_block(block); }
  void order(Order order) override;
  void set_ref(bool on) override;
  void set_fixed(std::string target, reactor::FixedAnswer answer) override;
  reactor::Stats stats() override { return closing_ ? last_stats_ : thread_->stats(); }
  void drain(uint64_t grace_ms) override;
  void close() override;
  void outlive(std::unique_ptr<Host> self) override;

 private:
  explicit ThreadHost(Client& client) : client_(&client) {}
  void take_deliveries();
  void answer(ReactorThread::Delivery& delivery);

  Client* client_;              // null once it has gone
  std::unique_ptr<Host> self_;  // from then on
  std::unique_ptr<ReactorThread> thread_;
  std::vector<reactor::Replies> replies_;  // the last of the batch that is being answered
  reactor::Stats last_stats_;
  uv_async_t wakeup_ = {};
  bool answering_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace brink::host
