// Reports which descriptors are ready: one interface, with one file for each system call. Owned by one reactor, used
// on its thread only.
//
// Each event carries the token of its descriptor, which names a connection and its generation, so a late event finds
// no connection. With an edge-triggered poller, a descriptor is registered once for reading and writing; the interest
// calls are for level-triggered ones, which would otherwise report repeatedly what cannot be used now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/system.h"

namespace brink::poller {

// Where the system fills a list of events, so many at a time.
constexpr size_t kMostEvents = 512;
// What the system refused to watch is tried again after this.
constexpr int kTryAgainMs = 50;

struct Ready {
  uint64_t token;
  bool readable;
  bool writable;
  bool hung_up;  // the peer will send no more: a short read is not the end, recv() has an end of the stream to tell
  bool broken;   // nothing can be sent or received any more; reported whatever the interest
  // Urgent data has arrived: recv() stops at its mark, and more bytes may follow. Only edge-triggered pollers report
  // it.
  bool urgent = false;
};

class Poller {
 public:
  virtual ~Poller() = default;

  // Registers a descriptor with an interest in reading. Returns 0 or a negative errno: -ENOSPC when this poller
  // cannot take more descriptors, or not this number.
  virtual int add(net::Descriptor descriptor, uint64_t token) = 0;
  // Registers a descriptor that is never written to: a listener or a wake-up. Edge-triggered, it would otherwise be
  // reported again and again as writable.
  virtual int add_reader(net::Descriptor descriptor, uint64_t token) { return add(descriptor, token); }
  // Registers a listener of which other pollers watch descriptors of their own. If the system supports it, a
  // connection wakes only one of them.
  virtual int add_shared_reader(net::Descriptor descriptor, uint64_t token) { return add_reader(descriptor, token); }
  // Must be called before the descriptor is closed.
  virtual void remove(net::Descriptor descriptor) = 0;
  // For level-triggered pollers, and for those of edges where writing is an edge of its own; epoll has both interests
  // from the start.
  virtual void read_interest(net::Descriptor descriptor, bool on) = 0;
  virtual void write_interest(net::Descriptor descriptor, bool on) = 0;

  // Returns up to `capacity` ready descriptors; waits up to `timeout_ms` for the first one (-1: without limit). A
  // negative errno on failure.
  virtual int wait(Ready* ready, size_t capacity, int timeout_ms) = 0;

  // A descriptor that is readable while wait() would return events, or kNoDescriptor when there is none.
  virtual net::Descriptor descriptor() const = 0;
  // Whether the system learns of registrations or interests at the next wait only: whoever watches descriptor() must
  // call it first.
  bool has_changes() const { return has_changes_; }

 protected:
  bool has_changes_ = false;
};

// A poller of this build. `open` returns null and sets a negative errno on failure.
struct Backend {
  std::string_view name;
  std::unique_ptr<Poller> (*open)(int* error);
  bool has_descriptor;  // so that another loop can watch it
};

// The backends of this build, best first; `auto` means the first.
const std::vector<Backend>& backends();
const Backend* find_backend(std::string_view name);  // null when there is none of this name

}  // namespace brink::poller
