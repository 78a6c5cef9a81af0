// Runs a reactor on the JavaScript thread: libuv watches the poller's own descriptor, so no thread is crossed. For
// pollers that have a descriptor.
#pragma once

#include <uv.h>

#include <memory>
#include <utility>

#include "host/host.h"
#include "reactor/reactor.h"

namespace brink::host {

class InlineHost final : public Host, public reactor::BatchSink {
 public:
  // Null, and libuv's negative error, when the loop does not take the handles.
  static std::unique_ptr<Host> open(uv_loop_t* loop, const reactor::Options& options,
                                    std::unique_ptr<poller::Poller> poller, reactor::Block* block, Client& client,
                                    int* error);
  ~InlineHost() override;

  int add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers,
                   std::shared_ptr<const tls::Contexts> contexts) override;
  void start() override;
  void reply(reactor::Replies replies, Timing timing) override;
  bool has_reply_block() override { return true; }
  reactor::Block* next_reply_block() override { return std::exchange(free_reply_block_, nullptr); }
  bool give_up_reply_block(reactor::Block*) override { return false; }
  void order(Order order) override;
  void set_ref(bool on) override;
  void set_fixed(std::string target, reactor::FixedAnswer answer) override;
  reactor::Stats stats() override;
  void drain(uint64_t grace_ms) override;
  void close() override;
  void outlive(std::unique_ptr<Host> self) override;

 private:
  InlineHost(const reactor::Options& options, std::unique_ptr<poller::Poller> poller, reactor::Block* block,
             Client& client);

  reactor::Block* acquire() override { return block_; }
  bool takes_batches() const override { return true; }
  void deliver(reactor::Batch batch) override;
  void turn();
  void turn_soon();
  void arrange_next(bool more_to_do);
  void let_go();

  Client* client_;              // null once it has gone
  std::unique_ptr<Host> self_;  // from then on
  reactor::Block* block_;
  reactor::Block* free_reply_block_ = nullptr;
  std::unique_ptr<reactor::Reactor> reactor_;
  reactor::Stats last_stats_;
  uv_poll_t poll_ = {};
  uv_timer_t timer_ = {};
  uv_idle_t idle_ = {};  // keeps the loop turning while there is work that needs no waiting
  int open_handles_ = 0;
  bool in_turn_ = false;
  bool draining_ = false;
  bool told_deaf_ = false;
  bool told_idle_ = false;
  bool closing_ = false;
};

}  // namespace brink::host
