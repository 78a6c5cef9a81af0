// A poller over the fake kernel, by edges as epoll(7) with EPOLLET or by levels as the others. It tells what is ready
// in whatever order and of however much at a time it is told to, and things that are not so.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "poller/poller.h"

namespace brink::fuzz {

class FakePoller : public poller::Poller {
 public:
  enum class Trigger { edge, level, kqueue };
  // How the next wait tells what it has: beginning with which, how many at the most, from the last to the first.
  struct Order {
    size_t begin = 0;
    size_t most = SIZE_MAX;
    bool backwards = false;
  };
  struct Watched {
    uint64_t token;
    bool writable_wanted;
    bool reads;
    bool writes;
  };

  FakePoller(FakeKernel& kernel, Trigger trigger) : kernel_(kernel), trigger_(trigger) {}

  int add(net::Descriptor descriptor, uint64_t token) override { return watch(descriptor, token, true); }
  int add_reader(net::Descriptor descriptor, uint64_t token) override { return watch(descriptor, token, false); }
  void remove(net::Descriptor descriptor) override;
  void read_interest(net::Descriptor descriptor, bool on) override { find(descriptor).reads = on; }
  void write_interest(net::Descriptor descriptor, bool on) override { find(descriptor).writes = on; }
  int wait(poller::Ready* ready, size_t capacity, int timeout_ms) override;
  net::Descriptor descriptor() const override { return net::kNoDescriptor; }

  void order_next(Order order) { order_ = order; }
  // Told with the next wait, though there is nothing of the kind; to a client, or to one that is gone.
  void tell_falsely(net::Descriptor descriptor, bool readable, bool writable);
  void tell_of_the_gone(size_t which);

  // Whether the next wait, or the one after it, will tell of this without anything further happening.
  bool will_tell_readable(net::Descriptor descriptor) const;
  bool will_tell_writable(net::Descriptor descriptor) const;
  virtual bool has_something_to_tell() const;
  bool is_watched(net::Descriptor descriptor) const { return watched_.count(descriptor) > 0; }
  size_t watched() const { return watched_.size(); }
  bool by_edges() const { return trigger_ != Trigger::level; }

 protected:
  void note_watched(net::Descriptor descriptor, uint64_t token, bool writable_wanted);
  Watched& find(net::Descriptor descriptor);
  Order take_order() { return std::exchange(order_, Order{}); }
  size_t put_false(poller::Ready* ready, size_t capacity);
  // Of a descriptor with something that it could tell: whether it will.
  virtual bool has_something(net::Descriptor descriptor, const Watched& watched) const;
  virtual poller::Ready ready_of(net::Descriptor descriptor, const Watched& watched) const;

  FakeKernel& kernel_;

 private:
  int watch(net::Descriptor descriptor, uint64_t token, bool writable_wanted);

  Trigger trigger_;
  std::map<net::Descriptor, Watched> watched_;
  std::vector<uint64_t> gone_;  // tokens
  std::vector<poller::Ready> false_;
  Order order_;
};

}  // namespace brink::fuzz
