#include "fuzz/fake_poller.h"

#include <algorithm>
#include <utility>

#include "fuzz/check.h"

namespace brink::fuzz {

int FakePoller::watch(net::Descriptor descriptor, uint64_t token, bool writable_wanted) {
  if (int64_t error = kernel_.take_plan(Call::watch); error < 0) return static_cast<int>(error);
  note_watched(descriptor, token, writable_wanted);
  // As EPOLL_CTL_ADD does: what is ready already is news.
  kernel_.set_news(descriptor, true);
  return 0;
}

void FakePoller::note_watched(net::Descriptor descriptor, uint64_t token, bool writable_wanted) {
  BRINK_HOLDS(!is_watched(descriptor), "descriptor %d is added twice", static_cast<int>(descriptor));
  kernel_.set_watched(descriptor, true);
  watched_[descriptor] = {token, writable_wanted, true, false};
}

void FakePoller::remove(net::Descriptor descriptor) {
  gone_.push_back(find(descriptor).token);
  watched_.erase(descriptor);
  kernel_.set_watched(descriptor, false);
}

FakePoller::Watched& FakePoller::find(net::Descriptor descriptor) {
  auto found = watched_.find(descriptor);
  BRINK_HOLDS(found != watched_.end(), "the poller does not have descriptor %d", static_cast<int>(descriptor));
  return found->second;
}

poller::Ready FakePoller::ready_of(net::Descriptor descriptor, const Watched& watched) const {
  Readiness now = kernel_.readiness(descriptor);
  bool edge = by_edges();
  poller::Ready ready;
  ready.token = watched.token;
  ready.readable = now.broken || ((edge || watched.reads) && now.readable);
  ready.writable = now.broken || ((edge ? watched.writable_wanted : watched.writes) && now.writable);
  ready.hung_up = now.broken || ((edge || watched.reads) && now.hung_up);
  ready.broken = now.broken;
  return ready;
}

bool FakePoller::has_something(net::Descriptor descriptor, const Watched& watched) const {
  if (by_edges() && !kernel_.has_news(descriptor)) return false;
  poller::Ready ready = ready_of(descriptor, watched);
  return ready.readable || ready.writable;
}

int FakePoller::wait(poller::Ready* ready, size_t capacity, int timeout_ms) {
  Order order = take_order();
  if (int64_t error = kernel_.take_plan(Call::wait); error < 0) return static_cast<int>(error);
  std::vector<net::Descriptor> found;
  for (const auto& [descriptor, watched] : watched_) {
    if (has_something(descriptor, watched)) found.push_back(descriptor);
  }
  if (order.backwards) std::reverse(found.begin(), found.end());
  if (!found.empty())
    std::rotate(found.begin(), found.begin() + static_cast<long>(order.begin % found.size()), found.end());
  size_t count = put_false(ready, capacity);
  for (net::Descriptor descriptor : found) {
    if (count >= std::min(capacity, order.most)) break;
    ready[count++] = ready_of(descriptor, find(descriptor));
    kernel_.set_news(descriptor, false);
  }
  if (count == 0 && timeout_ms > 0) kernel_.advance(static_cast<uint64_t>(timeout_ms));
  return static_cast<int>(count);
}

size_t FakePoller::put_false(poller::Ready* ready, size_t capacity) {
  size_t count = 0;
  for (const poller::Ready& told : std::exchange(false_, {})) {
    if (count < capacity) ready[count++] = told;
  }
  return count;
}

void FakePoller::tell_falsely(net::Descriptor descriptor, bool readable, bool writable) {
  if (is_watched(descriptor)) false_.push_back({find(descriptor).token, readable, writable, false, false});
}

void FakePoller::tell_of_the_gone(size_t which) {
  if (!gone_.empty()) false_.push_back({gone_[which % gone_.size()], true, true, true, true});
}

bool FakePoller::will_tell_readable(net::Descriptor descriptor) const {
  auto found = watched_.find(descriptor);
  return found != watched_.end() && has_something(descriptor, found->second) &&
         ready_of(descriptor, found->second).readable;
}

bool FakePoller::will_tell_writable(net::Descriptor descriptor) const {
  auto found = watched_.find(descriptor);
  return found != watched_.end() && has_something(descriptor, found->second) &&
         ready_of(descriptor, found->second).writable;
}

bool FakePoller::has_something_to_tell() const {
  auto has_some = [this](const auto& each) { return has_something(each.first, each.second); };
  return !false_.empty() || std::any_of(watched_.begin(), watched_.end(), has_some);
}

}  // namespace brink::fuzz
