// What a reactor needs for connections with TLS, from the first listener that has it on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/pending_output.h"
#include "reactor/event_writer.h"
#include "tls/session.h"

namespace brink::reactor {

struct Sealing {
  // Of handshakes so many steps are taken in a turn: each costs as much as a hundred requests, and those of a crowd
  // that arrives at once would let everybody else wait.
  static constexpr uint32_t kMostStepsAtOnce = 8;

  std::unique_ptr<tls::Wire> wire;
  net::SealingRoom room;
  std::unique_ptr<char[]> received = std::make_unique<char[]>(kReadBytes);  // sealed, before it is opened
  std::vector<ConnectionId> holding;  // those with output that waits for an answer, to the end of the turn
  uint32_t steps_left = kMostStepsAtOnce;
};

}  // namespace brink::reactor
