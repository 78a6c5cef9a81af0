// A reactor on a thread of its own, and the two queues between it and the thread that answers. Knows neither libuv nor
// JavaScript: the other side is told by a function that there is something to take.
//
// Whoever fills a block owns it, and gives it away with the batch or the replies in it. A batch at a time is with the
// other side and one waits for it; meanwhile the reactor fills the third block. So neither side waits while it has
// work, and the busier the other side is, the more requests come to it at once.
//
// Bodies that cross are given back on the reactor's thread, so their memory must not be the other side's.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "net/thread.h"
#include "net/waker.h"
#include "reactor/exchange.h"
#include "reactor/reactor.h"

namespace brink::host {

class ReactorThread final : private reactor::BatchSink {
 public:
  static constexpr size_t kBlocks = 3;

  // What the other side takes.
  struct Delivery {
    std::vector<reactor::Batch> batches;
    bool deaf = false;  // it drains: nobody is accepted any more
    bool idle = false;  // and the last connection has ended
    bool empty() const { return batches.empty() && !deaf && !idle; }
  };

  // `notify` is called on the reactor's thread when there is a first thing to take. Null, and a negative errno, when
  // the system refuses a wake-up or a thread.
  static std::unique_ptr<ReactorThread> open(const reactor::Options& options, std::unique_ptr<poller::Poller> poller,
                                             const std::vector<reactor::Block*>& blocks, std::function<void()> notify,
                                             int* error);
  ~ReactorThread() override;

  // After start() the reactor has it with its next turn.
  int add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers = reactor::ProxyHeaders::off,
                   std::shared_ptr<const tls::Contexts> contexts = nullptr);
  void start();

  // For the other side's thread. It is notified again when take() has had nothing to give.
  Delivery take();
  void done_with(reactor::Block* block, std::vector<reactor::Replies> replies);  // a batch's: its handlers have run
  void reply(reactor::Replies replies);
  bool has_reply_block();
  reactor::Block* take_reply_block();  // one whose replies are applied, or null: the first, so that the last ones rest
  bool give_up_reply_block(reactor::Block* block);  // if its replies are applied
  void set_fixed(std::string target, reactor::FixedAnswer answer);
  // Carried out on the reactor's thread, behind the replies that were given before.
  void order(std::function<void(reactor::Reactor&)> order);
  reactor::Stats stats();
  void drain(uint64_t grace_ms);
  // Ends every connection and the thread; returns when it has ended. take() once more for what was left.
  void stop();
  // The same while the process ends, on any thread, and whatever its owner does: see threads_at_exit.h.
  void end_at_exit();

 private:
  struct Inbox {
    std::vector<reactor::Replies> replies;
    std::vector<reactor::Block*> blocks;
    std::vector<std::pair<std::string, reactor::FixedAnswer>> fixed;
    std::vector<std::function<void(reactor::Reactor&)>> orders;
    bool drain = false;
    uint64_t grace_ms = UINT64_MAX;  // with a drain
    bool stop = false;
    bool empty() const {
      return replies.empty() && blocks.empty() && fixed.empty() && orders.empty() && !drain && !stop;
    }
  };

  ReactorThread(const reactor::Options& options, std::unique_ptr<poller::Poller> poller,
                const std::vector<reactor::Block*>& blocks, std::function<void()> notify);

  reactor::Block* acquire() override;
  bool takes_batches() const override { return delivered_ < kBlocks - 1; }
  void deliver(reactor::Batch batch) override;

  void run();
  void wait_for_start();
  bool is_started();
  Inbox next_inbox();
  bool handle(Inbox inbox);
  void tell_idle();
  int time_to_wait();
  void hand_back(const std::vector<reactor::Block*>& applied);
  template <typename Change>
  void give(Change change);
  template <typename Change>
  void post(Change change);

  // The reactor thread's own.
  net::Waker waker_;
  std::function<void()> notify_;
  std::vector<reactor::Block*> free_blocks_;
  size_t delivered_ = 0;  // batches that the other side has not done
  bool draining_ = false;
  bool told_idle_ = false;
  reactor::Reactor reactor_;

  // Shared, under the lock.
  std::mutex lock_;
  std::condition_variable started_or_stopped_;
  bool started_ = false;
  Inbox inbox_;
  Delivery outbox_;
  bool notified_ = false;
  bool sleeping_ = false;
  std::vector<reactor::Block*> free_reply_blocks_;
  reactor::Stats stats_;

  std::mutex joining_;
  bool ends_at_exit_ = false;
  net::Thread thread_;
};

}  // namespace brink::host
