#include "fuzz/fake_kqueue.h"

#include <algorithm>
#include <cerrno>

#include "fuzz/check.h"

namespace brink::poller {

std::unique_ptr<Poller> open_kqueue(int* error);

}  // namespace brink::poller

namespace brink::fuzz {

bool FakeKqueue::is_ready(Key key) const {
  Readiness now = kernel_.readiness(key.first);
  return key.second == EVFILT_READ ? now.readable : now.writable;
}

// By levels it is told as long as it is so.
bool FakeKqueue::will_tell(Key key, const Knote& knote) const {
  return knote.enabled && (knote.active || (knote.flags & EV_CLEAR) == 0) && is_ready(key);
}

bool FakeKqueue::will_tell(net::Descriptor descriptor, int16_t filter) const {
  auto found = knotes_.find({descriptor, filter});
  return found != knotes_.end() && will_tell(found->first, found->second);
}

bool FakeKqueue::has_refused(net::Descriptor descriptor) const {
  return refused_.count({descriptor, EVFILT_READ}) + refused_.count({descriptor, EVFILT_WRITE}) > 0;
}

void FakeKqueue::look(Key key) {
  auto found = knotes_.find(key);
  if (found != knotes_.end()) found->second.active |= is_ready(key);
}

void FakeKqueue::on_closed(net::Descriptor descriptor) {
  for (int16_t filter : {EVFILT_READ, EVFILT_WRITE}) {
    knotes_.erase({descriptor, filter});
    refused_.erase({descriptor, filter});
    to_try_again_.erase({descriptor, filter});
  }
}

int FakeKqueue::make_change(const struct kevent& change) {
  Key key = {static_cast<net::Descriptor>(change.ident), change.filter};
  BRINK_HOLDS(kernel_.is_open(key.first), "a change names descriptor %d, which is not open",
              static_cast<int>(key.first));
  refused_.erase(key);
  to_try_again_.erase(key);
  auto found = knotes_.find(key);
  if (found == knotes_.end()) {
    if ((change.flags & EV_ADD) == 0) return ENOENT;
    if (kernel_.take_plan(Call::watch) < 0) {
      refused_.insert(key);
      return ENOMEM;
    }
    found = knotes_.insert({key, {0, nullptr, true, false}}).first;
  }
  if (change.flags & EV_DELETE) {
    knotes_.erase(found);
    return 0;
  }
  Knote& knote = found->second;
  // As they do, whatever the change is.
  knote.udata = change.udata;
  if (change.flags & EV_ADD) knote.flags = change.flags;
  if (change.flags & EV_ENABLE) knote.enabled = true;
  if (change.flags & EV_DISABLE) knote.enabled = false;
  look(key);
  return 0;
}

struct kevent FakeKqueue::event_of(Key key, const Knote& knote) const {
  struct kevent event = {};
  event.ident = static_cast<uintptr_t>(key.first);
  event.filter = key.second;
  event.flags = knote.flags & EV_CLEAR;
  event.udata = knote.udata;
  auto end = kernel_.end_of(key.first);
  if (key.second == EVFILT_READ ? end.received : end.said) event.flags |= EV_EOF;
  if (end.error != 0) event.flags |= EV_EOF;
  event.fflags = static_cast<uint32_t>(end.error);
  return event;
}

int FakeKqueue::gather(struct kevent* events, int event_count) {
  FakePoller::Order order = std::exchange(order_, {});
  std::vector<Key> found;
  for (const auto& [key, knote] : knotes_) {
    if (will_tell(key, knote)) found.push_back(key);
  }
  if (order.backwards) std::reverse(found.begin(), found.end());
  if (!found.empty())
    std::rotate(found.begin(), found.begin() + static_cast<long>(order.begin % found.size()), found.end());
  size_t count = std::min({found.size(), order.most, static_cast<size_t>(event_count)});
  for (size_t i = 0; i < count; i++) {
    Knote& knote = knotes_.at(found[i]);
    events[i] = event_of(found[i], knote);
    knote.active = false;
  }
  return static_cast<int>(count);
}

int FakeKqueue::kevent(const struct kevent* changes, int change_count, struct kevent* events, int event_count,
                       const timespec* timeout) {
  int64_t outcome = event_count > 0 ? kernel_.take_plan(Call::wait) : 0;
  if (outcome < 0 && outcome != -EINTR) return errno = static_cast<int>(-outcome), -1;
  int refusals = 0;
  for (int i = 0; i < change_count; i++) {
    int error = make_change(changes[i]);
    if (error == 0) continue;
    if (refusals == event_count) return errno = error, -1;
    // What the flags were is not told.
    events[refusals] = changes[i];
    events[refusals].flags = EV_ERROR;
    events[refusals++].data = error;
  }
  if (refusals > 0 || event_count == 0) return refusals;
  if (outcome < 0) return errno = EINTR, -1;
  int count = gather(events, event_count);
  if (count == 0 && timeout)
    kernel_.advance(static_cast<uint64_t>(timeout->tv_sec * 1000 + timeout->tv_nsec / 1'000'000));
  return count;
}

void FakeKqueue::begin_wait() { to_try_again_ = refused_; }

void FakeKqueue::end_wait() {
  for (const Key& key : to_try_again_) {
    violated("what was refused of descriptor %d is not tried again", static_cast<int>(key.first));
  }
}

KqueuePoller::KqueuePoller(FakeKernel& kernel) : FakePoller(kernel, Trigger::kqueue), queue_(kernel) {
  int error = 0;
  poller_ = poller::open_kqueue(&error);
}

// Whoever watches the descriptor of the queue must be told that the next wait comes first.
void KqueuePoller::note_changed(net::Descriptor descriptor) {
  changed_.insert(descriptor);
  has_changes_ = poller_->has_changes();
  BRINK_HOLDS(has_changes_, "a change of descriptor %d is kept, and nobody knows", static_cast<int>(descriptor));
}

int KqueuePoller::add(net::Descriptor descriptor, uint64_t token) {
  if (int error = poller_->add(descriptor, token)) return error;
  note_watched(descriptor, token, false);
  note_changed(descriptor);
  return 0;
}

int KqueuePoller::add_reader(net::Descriptor descriptor, uint64_t token) {
  if (int error = poller_->add_reader(descriptor, token)) return error;
  note_watched(descriptor, token, false);
  return 0;
}

int KqueuePoller::add_shared_reader(net::Descriptor descriptor, uint64_t token) {
  if (int error = poller_->add_shared_reader(descriptor, token)) return error;
  note_watched(descriptor, token, false);
  shared_.insert(descriptor);
  return 0;
}

void KqueuePoller::remove(net::Descriptor descriptor) {
  poller_->remove(descriptor);
  changed_.erase(descriptor);
  shared_.erase(descriptor);
  FakePoller::remove(descriptor);
}

void KqueuePoller::read_interest(net::Descriptor descriptor, bool on) {
  poller_->read_interest(descriptor, on);
  FakePoller::read_interest(descriptor, on);
  if (shared_.count(descriptor) > 0) note_changed(descriptor);
}

void KqueuePoller::write_interest(net::Descriptor descriptor, bool on) {
  poller_->write_interest(descriptor, on);
  FakePoller::write_interest(descriptor, on);
  note_changed(descriptor);
}

int KqueuePoller::wait(poller::Ready* ready, size_t capacity, int timeout_ms) {
  queue_.order_next(take_order());
  size_t told = put_false(ready, capacity);
  queue_.begin_wait();
  int count = poller_->wait(ready + told, capacity - told, told > 0 ? 0 : timeout_ms);
  has_changes_ = poller_->has_changes();
  if (count < 0) {
    BRINK_HOLDS(changed_.empty() || has_changes_, "changes are forgotten because a wait failed");
    return count;
  }
  queue_.end_wait();
  BRINK_HOLDS(!has_changes_, "a wait has kept changes");
  for (net::Descriptor descriptor : std::exchange(changed_, {})) check_writes(descriptor);
  return static_cast<int>(told) + count;
}

// Each acknowledgement would be an event.
void KqueuePoller::check_writes(net::Descriptor descriptor) {
  bool wanted = find(descriptor).writes;
  BRINK_HOLDS(queue_.watches_writes(descriptor) == wanted || queue_.has_refused(descriptor),
              "descriptor %d: nothing waits for room, and the kernel tells of it", static_cast<int>(descriptor));
}

bool KqueuePoller::has_something(net::Descriptor descriptor, const Watched& watched) const {
  poller::Ready ready = ready_of(descriptor, watched);
  return ready.readable || ready.writable;
}

poller::Ready KqueuePoller::ready_of(net::Descriptor descriptor, const Watched& watched) const {
  Readiness now = kernel_.readiness(descriptor);
  bool looks_anew = changed_.count(descriptor) > 0 || queue_.has_refused(descriptor);
  poller::Ready ready = {watched.token, false, false, false, false};
  ready.readable = queue_.will_tell(descriptor, EVFILT_READ) || (looks_anew && now.readable);
  ready.writable = queue_.will_tell(descriptor, EVFILT_WRITE) || (looks_anew && now.writable && watched.writes);
  return ready;
}

}  // namespace brink::fuzz

int kqueue() { return static_cast<int>(brink::fuzz::FakeKernel::kQueue); }

int kevent(int, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const timespec* timeout) {
  auto* queue = static_cast<brink::fuzz::FakeKqueue*>(brink::fuzz::FakeKernel::current().queue());
  return queue->kevent(changes, change_count, events, event_count, timeout);
}
