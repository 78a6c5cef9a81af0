// select(2), which every system has. Level-triggered. On POSIX, a descriptor of FD_SETSIZE or above would be written
// past the end of an fd_set, so it is refused.
#include "net/platform.h"

#include <algorithm>

#include "poller/interests.h"
#include "poller/poller.h"

namespace brink::poller {
namespace {

using net::platform::Socket;

class Select final : public Poller {
 public:
  Select() {
    FD_ZERO(&reads_);
    FD_ZERO(&writes_);
  }

  int add(net::Descriptor descriptor, uint64_t token) override {
    if (!net::platform::fits_fd_set(socket_of(descriptor), interests_.size())) return -ENOSPC;
    interests_.add(descriptor, token);
    FD_SET(socket_of(descriptor), &reads_);
    highest_ = std::max(highest_, descriptor);
    return 0;
  }

  void remove(net::Descriptor descriptor) override {
    interests_.remove(descriptor);
    FD_CLR(socket_of(descriptor), &reads_);
    FD_CLR(socket_of(descriptor), &writes_);
    if (descriptor != highest_) return;
    highest_ = -1;
    for (const Interest& interest : interests_.list()) highest_ = std::max(highest_, interest.descriptor);
  }

  void read_interest(net::Descriptor descriptor, bool on) override { change(&reads_, descriptor, on); }
  void write_interest(net::Descriptor descriptor, bool on) override { change(&writes_, descriptor, on); }

  int wait(Ready* ready, size_t capacity, int timeout_ms) override {
    fd_set reads = reads_, writes = writes_;
    int left = net::platform::select_sockets(socket_of(highest_), interests_.size(), &reads, &writes, timeout_ms);
    if (left < 0) {
      int error = net::platform::last_error();
      return error == EINTR ? 0 : -error;
    }
    size_t count = 0;
    const auto& list = interests_.list();
    // Starts where the last wait ended, so that every descriptor has its turn when more are ready than fit.
    for (size_t seen = 0; seen < list.size() && left > 0 && count < capacity; seen++) {
      if (next_ >= list.size()) next_ = 0;
      const Interest& interest = list[next_++];
      bool readable = FD_ISSET(socket_of(interest.descriptor), &reads) != 0;
      bool writable = FD_ISSET(socket_of(interest.descriptor), &writes) != 0;
      if (!readable && !writable) continue;
      ready[count++] = {interest.token, readable, writable, false, false};
      left -= (readable ? 1 : 0) + (writable ? 1 : 0);
    }
    return static_cast<int>(count);
  }

  net::Descriptor descriptor() const override { return net::kNoDescriptor; }

 private:
  static Socket socket_of(net::Descriptor descriptor) { return static_cast<Socket>(descriptor); }

  static void change(fd_set* set, net::Descriptor descriptor, bool on) {
    if (on) {
      FD_SET(socket_of(descriptor), set);
    } else {
      FD_CLR(socket_of(descriptor), set);
    }
  }

  Interests interests_;
  fd_set reads_;
  fd_set writes_;
  net::Descriptor highest_ = -1;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Poller> open_select(int*) {
  net::platform::start();
  return std::make_unique<Select>();
}

}  // namespace brink::poller
