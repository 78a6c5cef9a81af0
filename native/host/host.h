// What drives a reactor, and carries its batches to JavaScript and the replies back: `inline` on the JavaScript thread,
// or a `thread` of its own. All of this is called on the JavaScript thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/fd.h"
#include "reactor/exchange.h"
#include "reactor/fixed_answers.h"
#include "reactor/options.h"
#include "reactor/stats.h"
#include "tls/session.h"

namespace brink::reactor {
class Reactor;
}

namespace brink::host {

// What a drain has come to.
enum class Drained : uint8_t {
  listeners,    // nobody is accepted any more
  connections,  // the last one has ended
};

// The JavaScript end.
class Client {
 public:
  virtual ~Client() = default;
  // Runs the handlers of a batch. Replies that are there at once are given to reply() before this returns.
  virtual void on_batch(reactor::Batch& batch) = 0;
  // Once each, in this order.
  virtual void on_drained(Drained what) = 0;
  // Everything is closed; the host may be destroyed, though not within this call. Before it, see Host::outlive.
  virtual void on_closed() = 0;
};

// When replies are to cross to the reactor.
enum class Timing : uint8_t {
  at_once,
  with_the_batch,  // they are the last of it: with its block, when on_batch() returns
};

using Order = std::function<void(reactor::Reactor&)>;

class Host {
 public:
  virtual ~Host() = default;

  // After start() it is added soon, and that it fails is not told.
  virtual int add_listener(net::Fd listener, bool shared, reactor::ProxyHeaders proxy_headers,
                           std::shared_ptr<const tls::Contexts> contexts) = 0;
  virtual void start() = 0;
  // Takes the replies over. From then on the block is the host's, until next_reply_block() gives it.
  virtual void reply(reactor::Replies replies, Timing timing) = 0;
  // Whether next_reply_block() would have one to give, if there were replies to take over.
  virtual bool has_reply_block() = 0;
  // A block that no reply is in, or null when the host has them all: then there must be another one.
  virtual reactor::Block* next_reply_block() = 0;
  // Gives a block up, if no reply is in it: from then on it is not the host's.
  virtual bool give_up_reply_block(reactor::Block* block) = 0;
  // Called with the reactor, on its thread: at once, or in the order of the replies that cross.
  virtual void order(Order order) = 0;
  // Whether it keeps the process alive.
  virtual void set_ref(bool on) = 0;
  // See Reactor::set_fixed.
  virtual void set_fixed(std::string target, reactor::FixedAnswer answer) = 0;
  virtual reactor::Stats stats() = 0;
  // See Reactor::drain.
  virtual void drain(uint64_t grace_ms) = 0;
  // Ends every connection and the host itself; on_closed() tells when it is done.
  virtual void close() = 0;
  // The client goes now, whether it was told on_closed() or not: it is called no more, and nothing of its memory is
  // used. The host closes, and keeps itself until libuv has let go of its handles.
  virtual void outlive(std::unique_ptr<Host> self) = 0;
};

}  // namespace brink::host
