#include "host/thread_host.h"

#include <utility>

namespace brink::host {
namespace {

ThreadHost* thread_host_of(void* data) { return static_cast<ThreadHost*>(data); }

}  // namespace

std::unique_ptr<Host> ThreadHost::open(uv_loop_t* loop, const reactor::Options& options,
                                       std::unique_ptr<poller::Poller> poller,
                                       const std::vector<reactor::Block*>& blocks, Client& client, int* error) {
  std::unique_ptr<ThreadHost> host(new ThreadHost(client));
  uv_async_t* wakeup = &host->wakeup_;
  host->thread_ = ReactorThread::open(
      options, std::move(poller), blocks, [wakeup] { uv_async_send(wakeup); }, error);
  if (!host->thread_) return nullptr;
  *error = uv_async_init(loop, wakeup, [](uv_async_t* handle) { thread_host_of(handle->data)->take_deliveries(); });
  if (*error != 0) return nullptr;
  wakeup->data = host.get();
  return host;
}

// The last of a batch cross with its block, so that the other side is woken once.
void ThreadHost::reply(reactor::Replies replies, Timing timing) {
  if (closing_) return;
  if (timing == Timing::at_once) return thread_->reply(std::move(replies));
  replies_.push_back(std::move(replies));
}

void ThreadHost::order(Order order) {
  if (!closing_) thread_->order(std::move(order));
}

void ThreadHost::set_ref(bool on) {
  if (closing_) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&wakeup_);
  on ? uv_ref(handle) : uv_unref(handle);
}

void ThreadHost::set_fixed(std::string target, reactor::FixedAnswer answer) {
  if (!closing_) thread_->set_fixed(std::move(target), std::move(answer));
}

void ThreadHost::drain(uint64_t grace_ms) {
  if (!closing_) thread_->drain(grace_ms);
}

void ThreadHost::take_deliveries() {
  // While there is more, the other side need not wake this one. Others have their turn all the same.
  constexpr int kMostRounds = 8;
  // A handler may turn libuv's loop itself: its batch goes on when it is done.
  if (std::exchange(answering_, true)) return;
  int round = 0;
  for (; !closing_ && round < kMostRounds; round++) {
    ReactorThread::Delivery delivery = thread_->take();
    if (delivery.empty()) break;
    answer(delivery);
  }
  answering_ = false;
  if (!closing_ && round == kMostRounds) uv_async_send(&wakeup_);
}

void ThreadHost::answer(ReactorThread::Delivery& delivery) {
  for (reactor::Batch& batch : delivery.batches) {
    // A handler may have closed the server; then nobody is left to answer.
    if (closing_) return;
    reactor::Block* block = batch.block;
    client_->on_batch(batch);
    if (!closing_) thread_->done_with(block, std::exchange(replies_, {}));
  }
  if (delivery.deaf && !closing_) client_->on_drained(Drained::listeners);
  if (delivery.idle && !closing_) client_->on_drained(Drained::connections);
}

void ThreadHost::close() {
  if (std::exchange(closing_, true)) return;
  thread_->stop();
  replies_.clear();
  last_stats_ = thread_->stats();
  uv_close(reinterpret_cast<uv_handle_t*>(&wakeup_), [](uv_handle_t* closed) {
    ThreadHost* host = thread_host_of(closed->data);
    std::unique_ptr<Host> self = std::move(host->self_);
    host->closed_ = true;
    // Its descriptors need not wait for a garbage collector.
    host->thread_.reset();
    if (host->client_) host->client_->on_closed();
  });
}

void ThreadHost::outlive(std::unique_ptr<Host> self) {
  client_ = nullptr;
  close();
  // What it was lent is its client's.
  thread_.reset();
  if (!closed_) self_ = std::move(self);
}

}  // namespace brink::host
