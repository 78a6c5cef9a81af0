// The reactor by itself: one thread turns it, and answers each batch before deliver() returns.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "net/waker.h"
#include "reactor/reactor.h"
#include "selftest/owned_block.h"
#include "selftest/server.h"

namespace brink::selftest {
namespace {

class LoopServer final : public Server, public reactor::BatchSink {
 public:
  ~LoopServer() override { stop(); }

  reactor::Stats stats() override {
    std::lock_guard<std::mutex> guard(lock_);
    return stats_;
  }

  void drain(uint64_t grace_ms) override {
    grace_ms_ = grace_ms;
    drain_wanted_ = true;
    waker_.raise();
  }

  bool wait_until_idle() override {
    std::unique_lock<std::mutex> guard(lock_);
    return became_idle_.wait_for(guard, kPatience, [this] { return idle_; });
  }

  reactor::Stats stop() override {
    if (thread_.joinable()) {
      stop_wanted_ = true;
      waker_.raise();
      thread_.join();
    }
    return stats();
  }

 private:
  int open(const Setup& setup, net::Descriptor listener) override {
    net::Fd owned(listener);
    int error = 0;
    std::unique_ptr<poller::Poller> poller = setup.backend->open(&error);
    if (!poller) return error;
    if ((error = waker_.open())) return error;
    reactor_ = std::make_unique<reactor::Reactor>(setup.options, std::move(poller), *this);
    if ((error = reactor_->add_waker(waker_))) return error;
    if ((error = reactor_->add_listener(std::move(owned), setup.shares_listener(), reactor::ProxyHeaders::off,
                                        setup.contexts)))
      return error;
    thread_ = std::thread([this] { run(); });
    return 0;
  }

  void order(std::function<void(reactor::Reactor&)> order) override {
    {
      std::lock_guard<std::mutex> guard(lock_);
      orders_.push_back(std::move(order));
    }
    waker_.raise();
  }

  void carry_out_orders() {
    std::vector<std::function<void(reactor::Reactor&)>> orders;
    {
      std::lock_guard<std::mutex> guard(lock_);
      orders.swap(orders_);
    }
    for (const auto& order : orders) order(*reactor_);
  }

  void run() {
    bool draining = false;
    while (!stop_wanted_) {
      bool drains_now = drain_wanted_ && !std::exchange(draining, true);
      carry_out_orders();
      if (drains_now) reactor_->drain(grace_ms_);
      // Without a connection nothing will ever end a wait.
      reactor_->turn(drains_now ? 0 : time_to_wait());
      publish(draining && reactor_->idle());
    }
    reactor_->cut();
    publish(true);
  }

  int time_to_wait() const {
    if (reactor_->has_work()) return 0;
    constexpr int64_t kLongest = 1 << 30;
    return static_cast<int>(std::min(reactor_->next_deadline_ms(), kLongest));
  }

  void publish(bool idle) {
    std::lock_guard<std::mutex> guard(lock_);
    stats_ = reactor_->stats();
    idle_ = idle;
    if (idle) became_idle_.notify_all();
  }

  reactor::Block* acquire() override { return requests_.get(); }
  bool takes_batches() const override { return true; }
  void deliver(reactor::Batch batch) override { reactor_->apply(app_.answer(batch, replies_.get())); }

  OwnedBlock requests_;
  OwnedBlock replies_;
  net::Waker waker_;
  std::unique_ptr<reactor::Reactor> reactor_;
  std::atomic<bool> drain_wanted_ = false;
  std::atomic<uint64_t> grace_ms_ = 0;
  std::atomic<bool> stop_wanted_ = false;
  std::vector<std::function<void(reactor::Reactor&)>> orders_;
  std::mutex lock_;
  std::condition_variable became_idle_;
  reactor::Stats stats_;
  bool idle_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Server> make_loop_server() { return std::make_unique<LoopServer>(); }

}  // namespace brink::selftest
