// epoll(7). Edge-triggered, a descriptor is registered once for reading and writing, without further epoll_ctl calls;
// the connection code drains each readiness, as edges require. Level-triggered, the kernel repeats readiness that was
// not used, and each change of interest is a system call.
#include "net/platform.h"

#if defined(BRINK_LINUX)

#include <sys/epoll.h>

#include <algorithm>

#include "net/fd.h"
#include "poller/interests.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

class Epoll : public Poller {
 public:
  // `trigger` is EPOLLET, or 0 for level-triggered.
  explicit Epoll(net::Fd epoll, uint32_t trigger = EPOLLET)
      : epoll_(std::move(epoll)), events_(kMostEvents), trigger_(trigger) {}

  int add(net::Descriptor descriptor, uint64_t token) override {
    return control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  int add_reader(net::Descriptor descriptor, uint64_t token) override {
    return control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLET);
  }

  int add_shared_reader(net::Descriptor descriptor, uint64_t token) override {
    Shared shared = {descriptor, token};
    int error = watch(shared);
    if (error == 0) shared_.push_back(shared);
    return error;
  }

  // Closing the last descriptor of a socket removes it from the set, so no call is needed. A shared listener would
  // stay registered, and take connections that are meant for other pollers.
  void remove(net::Descriptor descriptor) override {
    Shared* shared = find_shared(descriptor);
    if (!shared) return;
    unwatch(*shared);
    *shared = shared_.back();
    shared_.pop_back();
  }
  void read_interest(net::Descriptor, bool) override {}
  void write_interest(net::Descriptor, bool) override {}

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    if (!shared_.empty()) timeout_ms = let_others_go_first(timeout_ms);
    int most = static_cast<int>(std::min(capacity, events_.size()));
    int count = ::epoll_wait(fd(), events_.data(), most, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (Shared& shared : shared_) shared.was_told |= is_told(shared, count);
    for (int i = 0; i < count; i++) {
      const epoll_event& event = events_[static_cast<size_t>(i)];
      bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
      ready[i].token = event.data.u64;
      ready[i].readable = broken || (event.events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP)) != 0;
      ready[i].writable = broken || (event.events & EPOLLOUT) != 0;
      ready[i].hung_up = broken || (event.events & EPOLLRDHUP) != 0;
      ready[i].urgent = (event.events & EPOLLPRI) != 0;
      ready[i].broken = broken;
    }
    return count;
  }

  net::Descriptor descriptor() const override { return epoll_.get(); }

 protected:
  // A listener that other pollers watch as well.
  struct Shared {
    net::Descriptor descriptor;
    uint64_t token;
    uint64_t moved_ms = 0;
    bool was_told = false;
    bool wanted = true;
  };

  Shared* find_shared(net::Descriptor descriptor) {
    for (Shared& shared : shared_) {
      if (shared.descriptor == descriptor) return &shared;
    }
    return nullptr;
  }
  // With EPOLLEXCLUSIVE, a connection is reported to busy pollers and to one of those that wait. Such an interest
  // cannot be changed.
  int watch(const Shared& shared) {
    return control(EPOLL_CTL_ADD, shared.descriptor, shared.token, EPOLLIN | EPOLLEXCLUSIVE | trigger_);
  }
  void unwatch(const Shared& shared) { control(EPOLL_CTL_DEL, shared.descriptor, 0, 0); }

  int control(int operation, net::Descriptor descriptor, uint64_t token, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.u64 = token;
    return ::epoll_ctl(fd(), operation, static_cast<int>(descriptor), &event) == 0 ? 0 : -errno;
  }

 private:
  // The kernel wakes the first waiting poller in the order of registration, so an idle server would have all
  // connections on one thread. Therefore a poller that got one registers anew before it waits again, which moves it
  // to the end of the line, but at most once a millisecond: busy pollers are notified anyway. A new registration
  // reports connections that arrived in between, so none is lost.
  int let_others_go_first(int timeout_ms) {
    for (Shared& shared : shared_) {
      if (!shared.was_told || !shared.wanted) continue;
      uint64_t now_ms = net::system::monotonic_ms();
      if (now_ms == shared.moved_ms) continue;
      unwatch(shared);
      shared.was_told = watch(shared) != 0;
      shared.moved_ms = shared.was_told ? 0 : now_ms;
      // There was no memory to register it; the next wait tries again.
      if (shared.was_told && (timeout_ms < 0 || timeout_ms > kTryAgainMs)) timeout_ms = kTryAgainMs;
    }
    return timeout_ms;
  }

  bool is_told(const Shared& shared, int count) const {
    return std::any_of(events_.begin(), events_.begin() + count,
                       [&shared](const epoll_event& event) { return event.data.u64 == shared.token; });
  }

  int fd() const { return static_cast<int>(epoll_.get()); }

  net::Fd epoll_;
  std::vector<epoll_event> events_;
  uint32_t trigger_;
  std::vector<Shared> shared_;
};

class LevelEpoll final : public Epoll {
 public:
  explicit LevelEpoll(net::Fd epoll) : Epoll(std::move(epoll), 0) {}

  int add(net::Descriptor descriptor, uint64_t token) override {
    if (int error = control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLRDHUP)) return error;
    interests_.add(descriptor, token);
    return 0;
  }
  int add_reader(net::Descriptor descriptor, uint64_t token) override { return add(descriptor, token); }
  void remove(net::Descriptor descriptor) override {
    if (find_shared(descriptor)) return Epoll::remove(descriptor);
    interests_.remove(descriptor);
  }
  void read_interest(net::Descriptor descriptor, bool on) override {
    if (Shared* shared = find_shared(descriptor)) return want(*shared, on);
    interests_.find(descriptor).reads = on;
    change(descriptor);
  }
  void write_interest(net::Descriptor descriptor, bool on) override {
    interests_.find(descriptor).writes = on;
    change(descriptor);
  }

 private:
  void want(Shared& shared, bool on) {
    shared.wanted = on;
    if (!on) return unwatch(shared);
    // The next wait registers it again.
    shared.was_told = true;
    shared.moved_ms = 0;
  }

  // For a registered descriptor this fails only without memory; the interest then stays, and is requested again.
  void change(net::Descriptor descriptor) {
    const Interest& interest = interests_.find(descriptor);
    uint32_t events = (interest.reads ? EPOLLIN | EPOLLRDHUP : 0u) | (interest.writes ? EPOLLOUT : 0u);
    control(EPOLL_CTL_MOD, descriptor, interest.token, events);
  }

  Interests interests_;
};

template <typename Kind>
std::unique_ptr<Poller> open(int* error) {
  int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    *error = -errno;
    return nullptr;
  }
  return std::make_unique<Kind>(net::Fd(fd));
}

}  // namespace

std::unique_ptr<Poller> open_epoll(int* error) { return open<Epoll>(error); }
std::unique_ptr<Poller> open_epoll_level(int* error) { return open<LevelEpoll>(error); }

}  // namespace brink::poller

#endif  // BRINK_LINUX
