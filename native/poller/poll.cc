// poll(2). The kernel gets every descriptor at every wait, so a wait costs as much as there are connections.
// Level-triggered, limited only by memory.
#include "net/platform.h"
#include "poller/interests.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

class Poll final : public Poller {
 public:
  int add(net::Descriptor descriptor, uint64_t token) override {
    interests_.add(descriptor, token);
    net::platform::PollItem item = {};
    item.fd = static_cast<net::platform::Socket>(descriptor);
    item.events = POLLIN;
    items_.push_back(item);
    return 0;
  }

  void remove(net::Descriptor descriptor) override {
    items_[interests_.remove(descriptor)] = items_.back();
    items_.pop_back();
  }

  void read_interest(net::Descriptor descriptor, bool on) override { change(descriptor, POLLIN, on); }
  void write_interest(net::Descriptor descriptor, bool on) override { change(descriptor, POLLOUT, on); }

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    int left = net::platform::poll_sockets(items_.data(), items_.size(), timeout_ms);
    if (left < 0) {
      int error = net::platform::last_error();
      return error == EINTR ? 0 : -error;
    }
    size_t count = 0;
    // Starts where the last wait ended, so that every descriptor has its turn when more are ready than fit.
    for (size_t seen = 0; seen < items_.size() && left > 0 && count < capacity; seen++) {
      if (next_ >= items_.size()) next_ = 0;
      const auto& item = items_[next_];
      if (item.revents != 0) {
        bool broken = (item.revents & net::platform::kPollBroken) != 0;
        bool hung_up = broken || (item.revents & POLLHUP) != 0;
        bool readable = hung_up || (item.revents & POLLIN) != 0;
        bool writable = broken || (item.revents & POLLOUT) != 0;
        ready[count++] = {interests_.list()[next_].token, readable, writable, hung_up, broken};
        left--;
      }
      next_++;
    }
    return static_cast<int>(count);
  }

  net::Descriptor descriptor() const override { return net::kNoDescriptor; }

 private:
  void change(net::Descriptor descriptor, short what, bool on) {
    auto& item = items_[interests_.place(descriptor)];
    item.events = static_cast<short>(on ? item.events | what : item.events & ~what);
  }

  Interests interests_;
  std::vector<net::platform::PollItem> items_;  // in the order of interests_
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Poller> open_poll(int*) {
  net::platform::start();
  return std::make_unique<Poll>();
}

}  // namespace brink::poller
