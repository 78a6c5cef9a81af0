// poll(2). The kernel gets every descriptor at every wait, so a wait costs as much as there are connections.
// Level-triggered, limited only by memory.
//
// WSAPoll() reports again and again that a client has finished sending, asked for or not. One that is known to have
// finished, and is not read, is therefore left out; if output waits for it, its room is looked at now and then.
#include "net/platform.h"
#include "poller/interests.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

using net::platform::PollItem;

constexpr int kLookForRoomMs = 20;

class Poll final : public Poller {
 public:
  int add(net::Descriptor descriptor, uint64_t token) override {
    interests_.add(descriptor, token);
    PollItem item = {};
    item.fd = static_cast<net::platform::Socket>(descriptor);
    item.events = POLLIN;
    items_.push_back(item);
    if (net::platform::kRepeatsHangUp) has_finished_.push_back(false);
    return 0;
  }

  void remove(net::Descriptor descriptor) override {
    size_t place = interests_.remove(descriptor);
    items_[place] = items_.back();
    items_.pop_back();
    if (!net::platform::kRepeatsHangUp) return;
    finished_ -= has_finished_[place] ? 1 : 0;
    has_finished_[place] = has_finished_.back();
    has_finished_.pop_back();
  }

  void read_interest(net::Descriptor descriptor, bool on) override { change(descriptor, POLLIN, on); }
  void write_interest(net::Descriptor descriptor, bool on) override { change(descriptor, POLLOUT, on); }

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    int left = finished_ > 0 ? ask_but_for_finished(timeout_ms)
                             : net::platform::poll_sockets(items_.data(), items_.size(), timeout_ms);
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
        if (net::platform::kRepeatsHangUp && hung_up) note_finished(next_);
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

  void note_finished(size_t place) {
    if (has_finished_[place]) return;
    has_finished_[place] = true;
    finished_++;
  }

  int ask_but_for_finished(int timeout_ms) {
    asked_.clear();
    places_.clear();
    if (int found = look_for_room()) return found;
    if (!asked_.empty() && (timeout_ms < 0 || timeout_ms > kLookForRoomMs)) timeout_ms = kLookForRoomMs;
    asked_.clear();
    places_.clear();
    for (size_t place = 0; place < items_.size(); place++) {
      if (!has_finished_[place] || (items_[place].events & POLLIN)) ask_for(place);
    }
    int found = net::platform::poll_sockets(asked_.data(), asked_.size(), timeout_ms);
    for (size_t i = 0; i < asked_.size() && found > 0; i++) items_[places_[i]].revents = asked_[i].revents;
    return found;
  }

  // Of those that have finished, are not read, and have output waiting.
  int look_for_room() {
    for (size_t place = 0; place < items_.size(); place++) {
      items_[place].revents = 0;
      if (has_finished_[place] && (items_[place].events & (POLLIN | POLLOUT)) == POLLOUT) ask_for(place);
    }
    if (asked_.empty()) return 0;
    int told = net::platform::poll_sockets(asked_.data(), asked_.size(), 0);
    int found = 0;
    for (size_t i = 0; i < asked_.size() && told > 0; i++) {
      if ((asked_[i].revents & (POLLOUT | net::platform::kPollBroken)) == 0) continue;
      items_[places_[i]].revents = asked_[i].revents;
      found++;
    }
    return found;
  }

  void ask_for(size_t place) {
    asked_.push_back(items_[place]);
    places_.push_back(place);
  }

  Interests interests_;
  std::vector<PollItem> items_;  // in the order of interests_
  size_t next_ = 0;
  // Where the system repeats it: who has finished sending, in the same order, and how many.
  std::vector<bool> has_finished_;
  size_t finished_ = 0;
  std::vector<PollItem> asked_;
  std::vector<size_t> places_;  // of those that are asked for
};

}  // namespace

std::unique_ptr<Poller> open_poll(int*) {
  net::platform::start();
  return std::make_unique<Poll>();
}

}  // namespace brink::poller
