#include "host/reactor_thread.h"

#include <algorithm>
#include <utility>

#include "host/threads_at_exit.h"

namespace brink::host {

std::unique_ptr<ReactorThread> ReactorThread::open(const reactor::Options& options,
                                                   std::unique_ptr<poller::Poller> poller,
                                                   const std::vector<reactor::Block*>& blocks,
                                                   std::function<void()> notify, int* error) {
  std::unique_ptr<ReactorThread> thread(new ReactorThread(options, std::move(poller), blocks, std::move(notify)));
  *error = thread->waker_.open();
  if (*error == 0) *error = thread->reactor_.add_waker(thread->waker_);
  // Started here, where a refusal can still be told; it waits for start().
  if (*error == 0) *error = thread->thread_.start([raw = thread.get()] { raw->run(); });
  return *error == 0 ? std::move(thread) : nullptr;
}

ReactorThread::ReactorThread(const reactor::Options& options, std::unique_ptr<poller::Poller> poller,
                             const std::vector<reactor::Block*>& blocks, std::function<void()> notify)
    : notify_(std::move(notify)), free_blocks_(blocks), reactor_(options, std::move(poller), *this) {}

ReactorThread::~ReactorThread() {
  if (ends_at_exit_) forget_at_exit(*this);
  stop();
}

int ReactorThread::add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers,
                                std::shared_ptr<const tls::Contexts> contexts) {
  if (contexts && !std::exchange(ends_at_exit_, true)) end_at_exit_too(*this);
  if (!is_started()) return reactor_.add_listener(std::move(listener), shared, proxy_headers, std::move(contexts));
  // What is ordered can be copied.
  auto given = std::make_shared<net::Fd>(std::move(listener));
  order([given, shared, proxy_headers, contexts](reactor::Reactor& reactor) {
    reactor.add_listener(std::move(*given), shared, proxy_headers, contexts);
  });
  return 0;
}

bool ReactorThread::is_started() {
  std::lock_guard<std::mutex> guard(lock_);
  return started_;
}

void ReactorThread::start() {
  std::lock_guard<std::mutex> guard(lock_);
  started_ = true;
  started_or_stopped_.notify_one();
}

void ReactorThread::run() {
  wait_for_start();
  while (handle(next_inbox())) {
    tell_idle();
    reactor_.turn(time_to_wait());
  }
}

void ReactorThread::wait_for_start() {
  std::unique_lock<std::mutex> guard(lock_);
  started_or_stopped_.wait(guard, [this] { return started_ || inbox_.stop; });
}

// Before each wait: the last connection may have ended with a reply, and then nothing would end the wait.
void ReactorThread::tell_idle() {
  if (!draining_ || told_idle_ || !reactor_.idle()) return;
  told_idle_ = true;
  give([](Delivery& outbox) { outbox.idle = true; });
}

// Not told under the lock: the other side would wake up to wait for it.
template <typename Change>
void ReactorThread::give(Change change) {
  bool notify;
  {
    std::lock_guard<std::mutex> guard(lock_);
    change(outbox_);
    notify = !std::exchange(notified_, true);
  }
  if (notify) notify_();
}

ReactorThread::Inbox ReactorThread::next_inbox() {
  std::lock_guard<std::mutex> guard(lock_);
  sleeping_ = false;
  return std::exchange(inbox_, Inbox{});
}

// False when the thread is to end.
bool ReactorThread::handle(Inbox inbox) {
  // First, so that answers which were given after it say that the connection ends.
  if (inbox.drain) {
    reactor_.drain(inbox.grace_ms);
    if (!std::exchange(draining_, true)) give([](Delivery& outbox) { outbox.deaf = true; });
  }
  for (auto& [target, answer] : inbox.fixed) reactor_.set_fixed(std::move(target), std::move(answer));
  std::vector<reactor::Block*> applied;
  for (reactor::Replies& replies : inbox.replies) {
    applied.push_back(replies.block);
    reactor_.apply(std::move(replies));
  }
  for (auto& order : inbox.orders) order(reactor_);
  for (reactor::Block* block : inbox.blocks) {
    free_blocks_.push_back(block);
    delivered_--;
  }
  if (!inbox.blocks.empty()) reactor_.resume();
  if (inbox.stop) reactor_.cut();
  inbox.replies.clear();
  hand_back(applied);
  return !inbox.stop;
}

// 0 when there is work. From here on whoever posts something must wake the thread.
int ReactorThread::time_to_wait() {
  int64_t deadline = reactor_.next_deadline_ms();
  constexpr int64_t kLongest = 1 << 30;
  std::lock_guard<std::mutex> guard(lock_);
  stats_ = reactor_.stats();
  if (reactor_.has_work() || !inbox_.empty()) return 0;
  sleeping_ = true;
  return static_cast<int>(std::min(deadline, kLongest));
}

void ReactorThread::hand_back(const std::vector<reactor::Block*>& applied) {
  if (applied.empty()) return;
  std::lock_guard<std::mutex> guard(lock_);
  free_reply_blocks_.insert(free_reply_blocks_.end(), applied.begin(), applied.end());
}

reactor::Block* ReactorThread::acquire() {
  if (free_blocks_.empty()) return nullptr;
  reactor::Block* block = free_blocks_.back();
  free_blocks_.pop_back();
  return block;
}

void ReactorThread::deliver(reactor::Batch batch) {
  delivered_++;
  give([&batch](Delivery& outbox) { outbox.batches.push_back(std::move(batch)); });
}

ReactorThread::Delivery ReactorThread::take() {
  std::lock_guard<std::mutex> guard(lock_);
  if (outbox_.empty()) notified_ = false;
  return std::exchange(outbox_, Delivery{});
}

template <typename Change>
void ReactorThread::post(Change change) {
  bool wake;
  {
    std::lock_guard<std::mutex> guard(lock_);
    change(inbox_);
    wake = std::exchange(sleeping_, false);
  }
  if (wake) waker_.raise();
}

void ReactorThread::done_with(reactor::Block* block, std::vector<reactor::Replies> replies) {
  post([&](Inbox& inbox) {
    inbox.blocks.push_back(block);
    std::move(replies.begin(), replies.end(), std::back_inserter(inbox.replies));
  });
}

void ReactorThread::reply(reactor::Replies replies) {
  post([&replies](Inbox& inbox) { inbox.replies.push_back(std::move(replies)); });
}

bool ReactorThread::has_reply_block() {
  std::lock_guard<std::mutex> guard(lock_);
  return !free_reply_blocks_.empty();
}

reactor::Block* ReactorThread::take_reply_block() {
  std::lock_guard<std::mutex> guard(lock_);
  auto first = std::min_element(free_reply_blocks_.begin(), free_reply_blocks_.end(),
                                [](const auto* a, const auto* b) { return a->index < b->index; });
  if (first == free_reply_blocks_.end()) return nullptr;
  reactor::Block* block = *first;
  free_reply_blocks_.erase(first);
  return block;
}

bool ReactorThread::give_up_reply_block(reactor::Block* block) {
  std::lock_guard<std::mutex> guard(lock_);
  auto found = std::find(free_reply_blocks_.begin(), free_reply_blocks_.end(), block);
  if (found == free_reply_blocks_.end()) return false;
  free_reply_blocks_.erase(found);
  return true;
}

reactor::Stats ReactorThread::stats() {
  std::lock_guard<std::mutex> guard(lock_);
  return stats_;
}

void ReactorThread::set_fixed(std::string target, reactor::FixedAnswer answer) {
  post([&](Inbox& inbox) { inbox.fixed.emplace_back(std::move(target), std::move(answer)); });
}

void ReactorThread::order(std::function<void(reactor::Reactor&)> order) {
  post([&](Inbox& inbox) { inbox.orders.push_back(std::move(order)); });
}

void ReactorThread::drain(uint64_t grace_ms) {
  post([grace_ms](Inbox& inbox) {
    inbox.drain = true;
    inbox.grace_ms = std::min(inbox.grace_ms, grace_ms);
  });
}

void ReactorThread::end_at_exit() {
  std::lock_guard<std::mutex> guard(joining_);
  if (!thread_.joinable()) return;
  post([](Inbox& inbox) { inbox.stop = true; });
  started_or_stopped_.notify_one();
  thread_.join();
}

void ReactorThread::stop() {
  end_at_exit();
  inbox_ = Inbox{};
  stats_ = reactor_.stats();
}

}  // namespace brink::host
