// epoll(7). By edges a descriptor is registered once, for everything, and epoll_ctl is never called for it again: the
// connection code drains each readiness, which is what edges ask of it. By levels the kernel repeats what was not used
// up, and each change of interest is a call.
#include "net/platform.h"

#if defined(BRINK_LINUX)

#include <sys/epoll.h>

#include <algorithm>

#include "net/fd.h"
#include "poller/interests.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

constexpr size_t kMostEvents = 512;

class Epoll : public Poller {
 public:
  explicit Epoll(net::Fd epoll) : epoll_(std::move(epoll)), events_(kMostEvents) {}

  int add(net::Descriptor descriptor, uint64_t token) override {
    return control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  int add_reader(net::Descriptor descriptor, uint64_t token) override {
    return control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLET);
  }

  // Closing the descriptor takes it out of the set, so there is no call to spend.
  void remove(net::Descriptor) override {}
  void read_interest(net::Descriptor, bool) override {}
  void write_interest(net::Descriptor, bool) override {}

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    int most = static_cast<int>(std::min(capacity, events_.size()));
    int count = ::epoll_wait(fd(), events_.data(), most, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
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
  int control(int operation, net::Descriptor descriptor, uint64_t token, uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.u64 = token;
    return ::epoll_ctl(fd(), operation, static_cast<int>(descriptor), &event) == 0 ? 0 : -errno;
  }

 private:
  int fd() const { return static_cast<int>(epoll_.get()); }

  net::Fd epoll_;
  std::vector<epoll_event> events_;
};

class LevelEpoll final : public Epoll {
 public:
  using Epoll::Epoll;

  int add(net::Descriptor descriptor, uint64_t token) override {
    if (int error = control(EPOLL_CTL_ADD, descriptor, token, EPOLLIN | EPOLLRDHUP)) return error;
    interests_.add(descriptor, token);
    return 0;
  }
  int add_reader(net::Descriptor descriptor, uint64_t token) override { return add(descriptor, token); }
  void remove(net::Descriptor descriptor) override { interests_.remove(descriptor); }
  void read_interest(net::Descriptor descriptor, bool on) override {
    interests_.find(descriptor).reads = on;
    change(descriptor);
  }
  void write_interest(net::Descriptor descriptor, bool on) override {
    interests_.find(descriptor).writes = on;
    change(descriptor);
  }

 private:
  // Of a descriptor that is registered this cannot fail but for memory; then the interest stays, and is asked for
  // again.
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
