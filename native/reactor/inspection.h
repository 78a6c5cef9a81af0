// A look into a reactor between its turns, for the fuzzer that holds it to its invariants. No part of the addon.
#pragma once

#if !defined(BRINK_INSPECT)
#error "reactor/inspection.h is for programs that are built with BRINK_INSPECT"
#endif

#include "reactor/reactor.h"

namespace brink::reactor {

struct Inspection {
  const Reactor& reactor;

  const ConnectionTable& connections() const { return reactor.connections_; }
  const std::vector<ConnectionId>& ready() const { return reactor.ready_; }
  bool may_read(const Connection& connection) const { return connection.may_read(reactor.options_); }
  Wait wait_of(const Connection& connection) const { return connection.waits_for(may_read(connection)); }
  const net::DeadlineWheel& wheel() const { return reactor.wheel_; }
  uint64_t now_ms() const { return reactor.now_ms_; }
  uint64_t accept_again_ms() const { return reactor.accept_again_ms_; }
  size_t turned_away() const { return reactor.turned_away_; }
  bool takes_any_upgrade() const { return reactor.options_.limits.left_to_app.upgrades; }
  bool has_small_events() const { return !reactor.notices_.empty(); }
  bool has_undelivered_events() const { return reactor.events_.has_block() && reactor.events_.events() > 0; }

  size_t listeners() const { return reactor.listeners_.size(); }
  net::Descriptor listener(size_t index) const { return reactor.listeners_[index].fd.get(); }
  bool listener_is_readable(size_t index) const { return reactor.listeners_[index].readable; }
};

}  // namespace brink::reactor
