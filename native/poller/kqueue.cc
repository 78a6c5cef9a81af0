// kqueue(2), of macOS and the BSDs. Edge-triggered by EV_CLEAR. Changes are kept for the next wait, whose one call of
// kevent(2) makes them before it looks for events.
//
// Reading and writing are two registrations. The one for reading stays from the accept to the close. Each
// acknowledgement of the peer is an edge of writing, so that one is there only while output is pending.
#include "net/platform.h"

#if defined(BRINK_KQUEUE)

#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>

#include <algorithm>
#include <type_traits>

#include "net/fd.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

// Where the system does not tell of urgent data, it may be there at any time: a short read then proves nothing.
#if defined(EV_OOBAND)
constexpr uint16_t kUrgent = EV_OOBAND;
#else
constexpr uint16_t kUrgent = 0;
#endif

using Change = struct kevent;
using Flags = decltype(Change::flags);
using Filter = decltype(Change::filter);

static_assert(sizeof(Change::udata) >= sizeof(uint64_t), "a token does not fit beside an event");

template <typename Data>
Data data_of(uint64_t token) {
  if constexpr (std::is_pointer_v<Data>) {
    return reinterpret_cast<Data>(static_cast<uintptr_t>(token));
  } else {
    return static_cast<Data>(token);
  }
}

template <typename Data>
uint64_t token_of(Data data) {
  if constexpr (std::is_pointer_v<Data>) {
    return reinterpret_cast<uintptr_t>(data);
  } else {
    return static_cast<uint64_t>(data);
  }
}

bool is_refusal(const Change& event) { return (event.flags & EV_ERROR) != 0; }

class Kqueue final : public Poller {
 public:
  explicit Kqueue(net::Fd queue) : queue_(std::move(queue)), events_(kMostEvents) {}

  int add(net::Descriptor descriptor, uint64_t token) override {
    size_t place = static_cast<size_t>(descriptor);
    if (place >= tokens_.size()) tokens_.resize(std::max(place + 1, 2 * tokens_.size()));
    tokens_[place] = token;
    change_soon(to_read(descriptor, token, EV_ADD | EV_CLEAR));
    return 0;
  }

  int add_reader(net::Descriptor descriptor, uint64_t token) override {
    return change_now(to_read(descriptor, token, EV_ADD | EV_CLEAR));
  }

  // Each connection wakes all pollers that watch the socket, so an edge that one of them has used up must not be the
  // last that the others hear of those that still wait.
  int add_shared_reader(net::Descriptor descriptor, uint64_t token) override {
    int error = change_now(to_read(descriptor, token, EV_ADD));
    if (error == 0) shared_.push_back({descriptor, token});
    return error;
  }

  // Closing a descriptor removes what is registered of it. What was not made yet must not meet the next of its number.
  void remove(net::Descriptor descriptor) override {
    forget(descriptor, changes_);
    forget(descriptor, refused_);
    auto is_it = [descriptor](const Shared& shared) { return shared.descriptor == descriptor; };
    shared_.erase(std::remove_if(shared_.begin(), shared_.end(), is_it), shared_.end());
  }

  void read_interest(net::Descriptor descriptor, bool on) override {
    for (const Shared& shared : shared_) {
      if (shared.descriptor == descriptor) change_soon(to_read(descriptor, shared.token, on ? EV_ENABLE : EV_DISABLE));
    }
  }

  // What can be written already is reported by the registration itself.
  void write_interest(net::Descriptor descriptor, bool on) override {
    uint64_t token = tokens_[static_cast<size_t>(descriptor)];
    change_soon(make(descriptor, EVFILT_WRITE, token, on ? EV_ADD | EV_CLEAR : EV_DELETE));
  }

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    if (!refused_.empty()) {
      changes_.insert(changes_.begin(), refused_.begin(), refused_.end());
      refused_.clear();
    }
    int most = static_cast<int>(std::min(capacity, events_.size()));
    int count = call(most, timeout_ms);
    // An interrupted wait has made the changes. After any other error they are made again, which does no harm.
    if (count < 0 && errno != EINTR) return -errno;
    if (count > 0 && is_refusal(events_[0])) {
      keep_refused(count);
      if (!refused_.empty() && (timeout_ms < 0 || timeout_ms > kTryAgainMs)) timeout_ms = kTryAgainMs;
    }
    changes_.clear();
    has_changes_ = false;
    // When changes are refused, the call tells of nothing else.
    if (count > 0 && is_refusal(events_[0])) count = call(most, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) ready[i] = to_ready(events_[static_cast<size_t>(i)]);
    return count;
  }

  net::Descriptor descriptor() const override { return queue_.get(); }

 private:
  struct Shared {
    net::Descriptor descriptor;
    uint64_t token;
  };

  static Change make(net::Descriptor descriptor, int filter, uint64_t token, int flags) {
    Change change = {};
    change.ident = static_cast<decltype(change.ident)>(descriptor);
    change.filter = static_cast<Filter>(filter);
    change.flags = static_cast<Flags>(flags);
    change.udata = data_of<decltype(change.udata)>(token);
    return change;
  }
  static Change to_read(net::Descriptor descriptor, uint64_t token, int flags) {
    return make(descriptor, EVFILT_READ, token, flags | kUrgent);
  }

  static Ready to_ready(const Change& event) {
    bool reads = event.filter == EVFILT_READ;
    bool has_ended = (event.flags & EV_EOF) != 0;
    // The end of our own side is an EV_EOF of writing; only with an error is the connection broken.
    bool broken = has_ended && event.fflags != 0;
    Ready ready = {token_of(event.udata), reads || broken, !reads || broken, (reads && has_ended) || broken, broken};
    ready.urgent = reads && (kUrgent == 0 || (event.flags & kUrgent) != 0);
    return ready;
  }

  int change_now(Change change) { return ::kevent(fd(), &change, 1, nullptr, 0, nullptr) == 0 ? 0 : -errno; }
  void change_soon(const Change& change) {
    changes_.push_back(change);
    has_changes_ = true;
  }

  int call(int most, int timeout_ms) {
    timespec timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
    const timespec* limit = timeout_ms < 0 ? nullptr : &timeout;
    return ::kevent(fd(), changes_.data(), static_cast<int>(changes_.size()), events_.data(), most, limit);
  }

  // Without memory a registration is tried again at the next wait. What was to be removed may be gone already.
  void keep_refused(int count) {
    for (int i = 0; i < count; i++) {
      const Change& refusal = events_[static_cast<size_t>(i)];
      if (refusal.data != ENOMEM) continue;
      // An error does not tell the flags of the change. Of several, the last is what holds.
      auto is_it = [&refusal](const Change& change) {
        return change.ident == refusal.ident && change.filter == refusal.filter;
      };
      auto last = std::find_if(changes_.rbegin(), changes_.rend(), is_it);
      if (last != changes_.rend()) refused_.push_back(*last);
    }
  }

  static void forget(net::Descriptor descriptor, std::vector<Change>& changes) {
    if (changes.empty()) return;
    auto is_its = [descriptor](const Change& change) {
      return static_cast<net::Descriptor>(change.ident) == descriptor;
    };
    changes.erase(std::remove_if(changes.begin(), changes.end(), is_its), changes.end());
  }

  int fd() const { return static_cast<int>(queue_.get()); }

  net::Fd queue_;
  std::vector<Change> events_;
  std::vector<Change> changes_;   // for the next wait
  std::vector<Change> refused_;   // for want of memory
  std::vector<uint64_t> tokens_;  // of connections, by descriptor
  std::vector<Shared> shared_;
};

}  // namespace

std::unique_ptr<Poller> open_kqueue(int* error) {
  int fd = ::kqueue();
  if (fd < 0) {
    *error = -errno;
    return nullptr;
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return std::make_unique<Kqueue>(net::Fd(fd));
}

}  // namespace brink::poller

#endif  // BRINK_KQUEUE
