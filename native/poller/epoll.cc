// epoll(7), edge-triggered: a descriptor is registered once, for everything, and epoll_ctl is never called for it again
// until it leaves. The connection code drains each readiness, which is what edges ask of it.
#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>

#include "net/fd.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

constexpr size_t kMostEvents = 512;

class Epoll final : public Poller {
 public:
  explicit Epoll(net::Fd epoll) : epoll_(std::move(epoll)), events_(kMostEvents) {}

  int add(net::Descriptor descriptor, uint64_t token) override {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = token;
    return ::epoll_ctl(fd(), EPOLL_CTL_ADD, static_cast<int>(descriptor), &event) == 0 ? 0 : -errno;
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
      uint32_t what = events_[static_cast<size_t>(i)].events;
      bool broken = (what & (EPOLLERR | EPOLLHUP)) != 0;
      ready[i].token = events_[static_cast<size_t>(i)].data.u64;
      ready[i].readable = broken || (what & (EPOLLIN | EPOLLRDHUP)) != 0;
      ready[i].writable = broken || (what & EPOLLOUT) != 0;
      ready[i].hung_up = broken || (what & EPOLLRDHUP) != 0;
    }
    return count;
  }

  net::Descriptor descriptor() const override { return epoll_.get(); }

 private:
  int fd() const { return static_cast<int>(epoll_.get()); }

  net::Fd epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace

std::unique_ptr<Poller> open_epoll(int* error) {
  int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    *error = -errno;
    return nullptr;
  }
  return std::make_unique<Epoll>(net::Fd(fd));
}

}  // namespace brink::poller
