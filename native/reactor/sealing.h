// What a reactor needs for connections with TLS, from the first listener that has it on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/host_rule.h"
#include "net/pending_output.h"
#include "reactor/event_writer.h"
#include "tls/session.h"

namespace brink::reactor {

struct Sealing {
  // Of handshakes so many steps are taken in a turn: each costs as much as a hundred requests, and those of a crowd
  // that arrives at once would let everybody else wait.
  static constexpr uint32_t kMostStepsAtOnce = 8;

  // That of the session whose turn it is.
  class Hosts final : public http::HostRule {
   public:
    bool takes(std::string_view host) const override { return session->serves(host); }
    const tls::Session* session = nullptr;
  };

  // What a session has said waits for an answer that it may leave with, to the end of the turn.
  struct Held {
    ConnectionId id;
    std::string output;
  };

  // Null when it is none.
  std::string* held_of(ConnectionId id) {
    for (Held& each : held) {
      if (each.id.token() == id.token() && !each.output.empty()) return &each.output;
    }
    return nullptr;
  }
  // The room for what is sealed next, behind what is held.
  net::ByteBuffer& begin_output(ConnectionId id) {
    room.sealed.clear();
    if (std::string* output = held_of(id)) {
      room.sealed.append(*output);
      *output = {};
    }
    return room.sealed;
  }

  std::unique_ptr<tls::Wire> wire;
  Hosts hosts;
  net::SealingRoom room;
  std::unique_ptr<char[]> received = std::make_unique<char[]>(kReadBytes);  // sealed, before it is opened
  std::vector<Held> held;
  uint32_t steps_left = kMostStepsAtOnce;
};

}  // namespace brink::reactor
