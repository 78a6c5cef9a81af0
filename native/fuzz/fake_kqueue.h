// The poller of kqueue(2) as it is, over a kqueue(2) of the fake kernel: registrations for reading and for writing are
// apart, changes are made before events are gathered, what is taken of EV_CLEAR is not told again, and closing removes.
#pragma once

#include <sys/event.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "fuzz/fake_poller.h"

namespace brink::fuzz {

class FakeKqueue final : public KernelQueue {
 public:
  explicit FakeKqueue(FakeKernel& kernel) : kernel_(kernel) { kernel.set_queue(this); }

  void on_readable(net::Descriptor descriptor) override { look({descriptor, EVFILT_READ}); }
  void on_writable(net::Descriptor descriptor) override { look({descriptor, EVFILT_WRITE}); }
  void on_closed(net::Descriptor descriptor) override;

  int kevent(const struct kevent* changes, int change_count, struct kevent* events, int event_count,
             const timespec* timeout);

  void order_next(FakePoller::Order order) { order_ = order; }
  bool will_tell(net::Descriptor descriptor, int16_t filter) const;
  bool has_refused(net::Descriptor descriptor) const;
  bool watches_writes(net::Descriptor descriptor) const { return knotes_.count({descriptor, EVFILT_WRITE}) > 0; }
  // Between a wait and the next one: what was refused for want of memory has to be tried again.
  void begin_wait();
  void end_wait();

 private:
  using Key = std::pair<net::Descriptor, int16_t>;
  struct Knote {
    uint16_t flags;
    void* udata;
    bool enabled;
    bool active;
  };

  bool is_ready(Key key) const;
  bool will_tell(Key key, const Knote& knote) const;
  void look(Key key);
  int make_change(const struct kevent& change);
  int gather(struct kevent* events, int event_count);
  struct kevent event_of(Key key, const Knote& knote) const;

  FakeKernel& kernel_;
  std::map<Key, Knote> knotes_;
  std::set<Key> refused_;
  std::set<Key> to_try_again_;
  FakePoller::Order order_;
};

class KqueuePoller final : public FakePoller {
 public:
  explicit KqueuePoller(FakeKernel& kernel);

  int add(net::Descriptor descriptor, uint64_t token) override;
  int add_reader(net::Descriptor descriptor, uint64_t token) override;
  int add_shared_reader(net::Descriptor descriptor, uint64_t token) override;
  void remove(net::Descriptor descriptor) override;
  void read_interest(net::Descriptor descriptor, bool on) override;
  void write_interest(net::Descriptor descriptor, bool on) override;
  int wait(poller::Ready* ready, size_t capacity, int timeout_ms) override;
  bool has_something_to_tell() const override { return !changed_.empty() || FakePoller::has_something_to_tell(); }

 private:
  void note_changed(net::Descriptor descriptor);
  void check_writes(net::Descriptor descriptor);
  bool has_something(net::Descriptor descriptor, const Watched& watched) const override;
  poller::Ready ready_of(net::Descriptor descriptor, const Watched& watched) const override;

  FakeKqueue queue_;
  std::unique_ptr<poller::Poller> poller_;
  std::set<net::Descriptor> shared_;
  std::set<net::Descriptor> changed_;  // since the last wait
};

}  // namespace brink::fuzz
