// The crossing as it is in Node: the reactor on its thread, and the app on another that is woken when there is a batch.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "host/reactor_thread.h"
#include "selftest/owned_block.h"
#include "selftest/server.h"

namespace brink::selftest {
namespace {

class ThreadServer final : public Server {
 public:
  ~ThreadServer() override { stop(); }

  reactor::Stats stats() override { return reactor_->stats(); }
  void drain(uint64_t grace_ms) override { reactor_->drain(grace_ms); }

  bool wait_until_idle() override {
    std::unique_lock<std::mutex> guard(lock_);
    return changed_.wait_for(guard, kPatience, [this] { return idle_; });
  }

  reactor::Stats stop() override {
    if (consumer_.joinable()) {
      change(&ThreadServer::stop_wanted_);
      consumer_.join();
    }
    return reactor_ ? stats() : reactor::Stats{};
  }

 private:
  int open(const Setup& setup, net::Descriptor listener) override {
    net::Fd owned(listener);
    int error = 0;
    std::unique_ptr<poller::Poller> poller = setup.backend->open(&error);
    if (!poller) return error;
    std::vector<reactor::Block*> blocks;
    for (OwnedBlock& block : requests_) blocks.push_back(block.get());
    reactor_ = host::ReactorThread::open(
        setup.options, std::move(poller), blocks, [this] { change(&ThreadServer::notified_); }, &error);
    if (!reactor_) return error;
    if ((error = reactor_->add_listener(std::move(owned), setup.shares_listener(), reactor::ProxyHeaders::off,
                                        setup.contexts)))
      return error;
    reactor_->start();
    consumer_ = std::thread([this] { consume(); });
    return 0;
  }

  void order(std::function<void(reactor::Reactor&)> order) override { reactor_->order(std::move(order)); }

  void change(bool ThreadServer::*what) {
    std::lock_guard<std::mutex> guard(lock_);
    this->*what = true;
    changed_.notify_all();
  }

  void consume() {
    while (wait_for_delivery()) {
      for (auto delivery = reactor_->take(); !delivery.empty(); delivery = reactor_->take()) answer(delivery);
    }
    reactor_->stop();
    reactor_->take();
  }

  void answer(host::ReactorThread::Delivery& delivery) {
    for (reactor::Batch& batch : delivery.batches) {
      std::vector<reactor::Replies> replies;
      replies.push_back(app_.answer(batch, reply_block()));
      reactor_->done_with(batch.block, std::move(replies));
    }
    if (delivery.idle) change(&ThreadServer::idle_);
  }

  // False when the server is to stop.
  bool wait_for_delivery() {
    std::unique_lock<std::mutex> guard(lock_);
    changed_.wait(guard, [this] { return notified_ || stop_wanted_; });
    notified_ = false;
    return !stop_wanted_;
  }

  reactor::Block* reply_block() {
    if (reactor::Block* block = reactor_->take_reply_block()) return block;
    replies_.push_back(std::make_unique<OwnedBlock>());
    return replies_.back()->get();
  }

  OwnedBlock requests_[host::ReactorThread::kBlocks];
  std::vector<std::unique_ptr<OwnedBlock>> replies_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool notified_ = false;
  bool idle_ = false;
  bool stop_wanted_ = false;
  std::unique_ptr<host::ReactorThread> reactor_;
  std::thread consumer_;
};

}  // namespace

std::unique_ptr<Server> make_thread_server() { return std::make_unique<ThreadServer>(); }

}  // namespace brink::selftest
