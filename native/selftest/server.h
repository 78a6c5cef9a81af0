// A reactor that serves the app on its own threads: either in a plain loop, like a host on the caller's thread, or
// with host::ReactorThread and a thread that takes its batches. Owned by the test, on any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "poller/poller.h"
#include "reactor/options.h"
#include "reactor/reactor.h"
#include "reactor/stats.h"
#include "selftest/app.h"

namespace brink::selftest {

// A case that is about a deadline sets it. No other ends a connection, however long a busy machine takes.
struct Setup {
  Setup() {
    constexpr uint64_t kNeverMs = 24 * 3'600'000;
    options.min_rate_bytes = 0;
    options.keep_alive_timeout_ms = options.headers_timeout_ms = options.request_timeout_ms = kNeverMs;
    options.write_timeout_ms = options.half_close_timeout_ms = kNeverMs;
  }

  const poller::Backend* backend = nullptr;
  bool threaded = false;
  reactor::Options options;
  uint16_t port = 0;
  // A listener of the caller that several servers share; without one, the server opens its own.
  net::Descriptor shared_listener = net::kNoDescriptor;
  std::shared_ptr<const tls::Contexts> contexts;  // or null, for plain connections
  bool shares_listener() const { return shared_listener != net::kNoDescriptor; }
};

class Server {
 public:
  static constexpr std::chrono::seconds kPatience{60};

  // A listener on the loopback for servers to share.
  static net::Opened open_listener(uint16_t port);

  // Listens on the loopback and serves. On failure returns null, and sets a sentence with the reason.
  static std::unique_ptr<Server> start(const Setup& setup, std::string* refusal);
  virtual ~Server() = default;

  uint16_t port() const { return port_; }
  App& app() { return app_; }

  virtual reactor::Stats stats() = 0;
  virtual void drain(uint64_t grace_ms = 0) = 0;
  // After drain(): true when the last connection has ended, false when it takes longer than kPatience.
  virtual bool wait_until_idle() = 0;
  // Connections that come later get these, in place of those that the server has.
  void change_contexts(std::shared_ptr<const tls::Contexts> to) {
    std::shared_ptr<const tls::Contexts> from = std::exchange(contexts_, std::move(to));
    order([from, to = contexts_](reactor::Reactor& reactor) { reactor.change_contexts(from, to); });
  }
  const std::shared_ptr<const tls::Contexts>& contexts() const { return contexts_; }
  // See Reactor.
  void pace_accepts(uint64_t interval_us) {
    order([interval_us](reactor::Reactor& reactor) { reactor.pace_accepts(interval_us); });
  }
  void limit_receive_buffer(int bytes) {
    order([bytes](reactor::Reactor& reactor) { reactor.limit_receive_buffer(bytes); });
  }
  // Ends every connection and every thread. Returns the final counts.
  virtual reactor::Stats stop() = 0;

 protected:
  App app_;

 private:
  // Opens the poller, takes the listener over and starts to serve. Returns 0 or a negative errno.
  virtual int open(const Setup& setup, net::Descriptor listener) = 0;

  // On the thread of the reactor.
  virtual void order(std::function<void(reactor::Reactor&)> order) = 0;

  uint16_t port_ = 0;
  std::shared_ptr<const tls::Contexts> contexts_;
};

std::unique_ptr<Server> make_loop_server();
std::unique_ptr<Server> make_thread_server();

}  // namespace brink::selftest
