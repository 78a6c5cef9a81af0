// A kqueue(2) for Linux, as far as the poller uses one: real sockets, and each registration an item of an epoll set of
// its own. The descriptor of the set is the queue's, so another loop can watch it. close() is wrapped by the linker,
// because closing a descriptor removes what is registered of it.
#if defined(BRINK_KQUEUE)

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

extern "C" int __real_close(int fd);
extern "C" int __wrap_close(int fd);

namespace {

struct Knote {
  int item;  // the descriptor in the set: a set has each only once, so for writing it is a copy
  uint16_t flags = 0;
  void* udata = nullptr;
  bool enabled = true;
};

using Key = std::pair<int, int>;  // descriptor and filter
using Queue = std::map<Key, Knote>;

std::mutex lock;

std::map<int, Queue>& queues() {
  static std::map<int, Queue> all;
  return all;
}

uint64_t name_of(Key key) { return static_cast<uint64_t>(key.first) << 1 | (key.second == EVFILT_WRITE ? 1 : 0); }
Key key_of(uint64_t name) { return {static_cast<int>(name >> 1), name & 1 ? EVFILT_WRITE : EVFILT_READ}; }

int control(int queue, int operation, Key key, const Knote& knote) {
  epoll_event event = {};
  event.events = key.second == EVFILT_WRITE ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  if (knote.flags & EV_OOBAND) event.events |= EPOLLPRI;
  if (knote.flags & EV_CLEAR) event.events |= EPOLLET;
  event.data.u64 = name_of(key);
  return ::epoll_ctl(queue, operation, knote.item, &event) == 0 ? 0 : errno;
}

void drop(int queue, Queue& knotes, Queue::iterator knote) {
  if (knote->second.enabled) control(queue, EPOLL_CTL_DEL, knote->first, knote->second);
  if (knote->second.item != knote->first.first) __real_close(knote->second.item);
  knotes.erase(knote);
}

int add(int queue, Queue& knotes, Key key, const struct kevent& change) {
  if (::fcntl(key.first, F_GETFD) < 0) return EBADF;
  int item = key.second == EVFILT_WRITE ? ::fcntl(key.first, F_DUPFD_CLOEXEC, 0) : key.first;
  if (item < 0) return ENOMEM;
  Knote knote = {item, change.flags, change.udata, (change.flags & EV_DISABLE) == 0};
  if (int error = knote.enabled ? control(queue, EPOLL_CTL_ADD, key, knote) : 0) {
    if (item != key.first) __real_close(item);
    return error;
  }
  knotes[key] = knote;
  return 0;
}

// Every change looks at the descriptor anew, and takes over the data.
int make_change(int queue, Queue& knotes, const struct kevent& change) {
  Key key = {static_cast<int>(change.ident), change.filter};
  auto found = knotes.find(key);
  if (found == knotes.end()) return change.flags & EV_ADD ? add(queue, knotes, key, change) : ENOENT;
  if (change.flags & EV_DELETE) return drop(queue, knotes, found), 0;
  Knote& knote = found->second;
  knote.udata = change.udata;
  if (change.flags & EV_ADD) knote.flags = change.flags;
  bool enabled = change.flags & EV_DISABLE ? false : change.flags & EV_ENABLE ? true : knote.enabled;
  bool was = std::exchange(knote.enabled, enabled);
  if (!was && !enabled) return 0;
  return control(queue, !enabled ? EPOLL_CTL_DEL : was ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, key, knote);
}

bool has_said_the_end(int fd) { return ::send(fd, "", 0, MSG_NOSIGNAL) < 0 && errno == EPIPE; }

struct kevent event_of(Key key, const Knote& knote, uint32_t told) {
  struct kevent event = {};
  event.ident = static_cast<uintptr_t>(key.first);
  event.filter = static_cast<int16_t>(key.second);
  event.flags = knote.flags & EV_CLEAR;
  event.udata = knote.udata;
  bool is_broken = (told & EPOLLERR) != 0;
  bool has_ended =
      key.second == EVFILT_READ ? (told & (EPOLLRDHUP | EPOLLHUP)) != 0 : !is_broken && has_said_the_end(key.first);
  if (is_broken || has_ended) event.flags |= EV_EOF;
  if (is_broken) event.fflags = ECONNRESET;
  if (told & EPOLLPRI) event.flags |= EV_OOBAND;
  int available = 0;
  if (key.second == EVFILT_READ && ::ioctl(key.first, FIONREAD, &available) == 0) event.data = available;
  return event;
}

int milliseconds_of(const timespec* timeout) {
  if (!timeout) return -1;
  auto ms = int64_t{timeout->tv_sec} * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000;
  return static_cast<int>(std::min<int64_t>(ms, INT_MAX));
}

}  // namespace

int kqueue() {
  int queue = ::epoll_create1(0);
  std::lock_guard<std::mutex> guard(lock);
  if (queue >= 0) queues()[queue];
  return queue;
}

int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const timespec* timeout) {
  int count = 0;
  {
    std::lock_guard<std::mutex> guard(lock);
    for (int i = 0; i < change_count; i++) {
      int error = make_change(queue, queues()[queue], changes[i]);
      if (error == 0) continue;
      if (count == event_count) return errno = error, -1;
      events[count] = changes[i];
      events[count].flags = EV_ERROR;
      events[count++].data = error;
    }
  }
  if (count > 0 || event_count == 0) return count;
  std::vector<epoll_event> told(static_cast<size_t>(event_count));
  int most = ::epoll_wait(queue, told.data(), event_count, milliseconds_of(timeout));
  if (most < 0) return -1;
  std::lock_guard<std::mutex> guard(lock);
  Queue& knotes = queues()[queue];
  for (int i = 0; i < most; i++) {
    Key key = key_of(told[static_cast<size_t>(i)].data.u64);
    auto found = knotes.find(key);
    if (found != knotes.end()) events[count++] = event_of(key, found->second, told[static_cast<size_t>(i)].events);
  }
  return count;
}

int __wrap_close(int fd) {
  {
    std::lock_guard<std::mutex> guard(lock);
    for (auto& [queue, knotes] : queues()) {
      for (int filter : {EVFILT_READ, EVFILT_WRITE}) {
        auto found = knotes.find({fd, filter});
        if (found != knotes.end()) drop(queue, knotes, found);
      }
    }
    queues().erase(fd);
  }
  return __real_close(fd);
}

#endif  // BRINK_KQUEUE
