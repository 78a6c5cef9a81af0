#include "host/inline_host.h"

#include <cerrno>
#include <utility>

namespace brink::host {
namespace {

InlineHost* inline_host_of(void* data) { return static_cast<InlineHost*>(data); }

}  // namespace

std::unique_ptr<Host> InlineHost::open(uv_loop_t* loop, const reactor::Options& options,
                                       std::unique_ptr<poller::Poller> poller, reactor::Block* block, Client& client,
                                       int* error) {
  std::unique_ptr<InlineHost> host(new InlineHost(options, std::move(poller), block, client));
  *error = uv_poll_init(loop, &host->poll_, static_cast<int>(host->reactor_->descriptor()));
  if (*error != 0) return nullptr;
  uv_timer_init(loop, &host->timer_);
  uv_idle_init(loop, &host->idle_);
  host->poll_.data = host->timer_.data = host->idle_.data = host.get();
  host->open_handles_ = 3;
  // The listening server keeps the process alive; its timer alone does not.
  uv_unref(reinterpret_cast<uv_handle_t*>(&host->timer_));
  return host;
}

InlineHost::InlineHost(const reactor::Options& options, std::unique_ptr<poller::Poller> poller, reactor::Block* block,
                       Client& client)
    : client_(&client),
      block_(block),
      reactor_(std::make_unique<reactor::Reactor>(options, std::move(poller), *this)) {}

InlineHost::~InlineHost() = default;

int InlineHost::add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers,
                             std::shared_ptr<const tls::Contexts> contexts) {
  if (closing_) return -ECANCELED;
  int error = reactor_->add_listener(std::move(listener), shared, proxy_headers, std::move(contexts));
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(&poll_)) && !in_turn_) turn_soon();
  return error;
}

void InlineHost::start() {
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int, int) { inline_host_of(handle->data)->turn(); });
  turn_soon();
}

void InlineHost::turn() {
  // A handler that runs the loop within its call, as some addons do, must not make the reactor turn within its turn.
  if (in_turn_) return;
  in_turn_ = true;
  bool more_to_do = reactor_->turn(0);
  in_turn_ = false;
  arrange_next(more_to_do);
}

void InlineHost::reply(reactor::Replies replies, Timing) {
  free_reply_block_ = replies.block;
  if (closing_) return;
  reactor_->apply(std::move(replies));
  // Within a turn the reactor goes on by itself; a late reply may have made a connection readable again.
  if (!in_turn_) turn_soon();
}

void InlineHost::turn_soon() {
  if (closing_ || uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_))) return;
  uv_idle_start(&idle_, [](uv_idle_t* handle) { inline_host_of(handle->data)->turn(); });
}

// Arranges for the next turn: at once, at a deadline, or when the descriptor is readable.
void InlineHost::arrange_next(bool more_to_do) {
  if (closing_) return;
  if (more_to_do || reactor_->has_changes()) {
    turn_soon();
  } else {
    uv_idle_stop(&idle_);
  }
  int64_t deadline = reactor_->next_deadline_ms();
  if (deadline < 0) {
    uv_timer_stop(&timer_);
  } else {
    uv_timer_start(
        &timer_, [](uv_timer_t* handle) { inline_host_of(handle->data)->turn(); }, static_cast<uint64_t>(deadline), 0);
  }
  if (draining_ && !std::exchange(told_deaf_, true)) client_->on_drained(Drained::listeners);
  // It may have closed the host.
  if (draining_ && !closing_ && !told_idle_ && reactor_->idle()) {
    told_idle_ = true;
    client_->on_drained(Drained::connections);
  }
}

void InlineHost::order(Order order) {
  if (closing_) return;
  order(*reactor_);
  if (!in_turn_) turn_soon();
}

void InlineHost::set_ref(bool on) {
  if (closing_) return;
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&idle_)}) {
    on ? uv_ref(handle) : uv_unref(handle);
  }
}

void InlineHost::set_fixed(std::string target, reactor::FixedAnswer answer) {
  if (!closing_) reactor_->set_fixed(std::move(target), std::move(answer));
}

reactor::Stats InlineHost::stats() { return reactor_ ? reactor_->stats() : last_stats_; }

void InlineHost::drain(uint64_t grace_ms) {
  if (closing_) return;
  draining_ = true;
  reactor_->drain(grace_ms);
  turn_soon();
}

void InlineHost::close() {
  if (std::exchange(closing_, true)) return;
  reactor_->cut();
  for (uv_handle_t* handle : {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&timer_),
                              reinterpret_cast<uv_handle_t*>(&idle_)}) {
    uv_close(handle, [](uv_handle_t* closed) {
      InlineHost* host = inline_host_of(closed->data);
      if (--host->open_handles_ > 0) return;
      std::unique_ptr<Host> self = std::move(host->self_);
      // No turn is under way here: the poller's descriptor need not wait for a garbage collector.
      host->let_go();
      if (host->client_) host->client_->on_closed();
    });
  }
}

void InlineHost::let_go() {
  if (!reactor_) return;
  last_stats_ = reactor_->stats();
  reactor_.reset();
}

void InlineHost::outlive(std::unique_ptr<Host> self) {
  client_ = nullptr;
  close();
  // What it was lent is its client's.
  let_go();
  if (open_handles_ > 0) self_ = std::move(self);
}

// JavaScript runs within this call, and the block is free again when it returns.
void InlineHost::deliver(reactor::Batch batch) { client_->on_batch(batch); }

}  // namespace brink::host
