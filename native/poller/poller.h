// "Which descriptors are ready?": one interface, one file for each system call that answers it. Owned by one reactor,
// used on its thread only.
//
// A token comes back with each readiness as it was given; it names a connection and its generation, so an event that
// comes too late finds nobody. With an edge-triggered poller a descriptor is registered once, for reading and writing;
// the interest calls are for the level-triggered ones, which would report over and over what nobody can use now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/system.h"

namespace brink::poller {

struct Ready {
  uint64_t token;
  bool readable;
  bool writable;
  bool hung_up;  // the peer will send no more: a short read is not the end, recv() has an end of the stream to tell
  bool broken;   // nothing can be sent or received any more; reported whatever the interest
  // Urgent data has come: recv() stops short at its mark, and there may be more behind it. Only pollers by edges tell.
  bool urgent = false;
};

class Poller {
 public:
  virtual ~Poller() = default;

  // Registers a descriptor, with an interest in reading. 0, or the negative errno of the refusal: -ENOSPC when this
  // poller cannot take more descriptors, or none of this number.
  virtual int add(net::Descriptor descriptor, uint64_t token) = 0;
  // The same for one that is never written to: a listener, a wake-up. Where both directions are registered at once,
  // room to write in it would be news again and again.
  virtual int add_reader(net::Descriptor descriptor, uint64_t token) { return add(descriptor, token); }
  // The same for a listener of which other pollers watch descriptors of their own. Where it can be said, a connection
  // wakes one that waits, and not all of them.
  virtual int add_shared_reader(net::Descriptor descriptor, uint64_t token) { return add_reader(descriptor, token); }
  // Must come before the descriptor is closed.
  virtual void remove(net::Descriptor descriptor) = 0;
  // For level-triggered pollers; an edge-triggered one has both from the start.
  virtual void read_interest(net::Descriptor descriptor, bool on) = 0;
  virtual void write_interest(net::Descriptor descriptor, bool on) = 0;

  // What became ready, at the most `capacity` of it; waits up to `timeout_ms` (-1: as long as it takes) for the first.
  // A negative errno when the system refused.
  virtual int wait(Ready* ready, size_t capacity, int timeout_ms) = 0;

  // A descriptor that is readable while wait() has something to tell, or kNoDescriptor where there is no such thing.
  virtual net::Descriptor descriptor() const = 0;
};

// A way to poll that this build has. `open` gives null, and the negative errno, when the system refuses.
struct Backend {
  std::string_view name;
  std::unique_ptr<Poller> (*open)(int* error);
  bool has_descriptor;  // so that another loop can watch it
};

// The backends of this build, the best first: `auto` is the first.
const std::vector<Backend>& backends();
const Backend* find_backend(std::string_view name);  // null when there is none of this name

}  // namespace brink::poller
