// One client: its socket, its parser, what it waits for and what it still has to take. Idle it keeps a few hundred
// bytes and no buffer. Owned by the reactor's table, used on the reactor's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http/request_parser.h"
#include "net/byte_buffer.h"
#include "net/deadline_wheel.h"
#include "net/fd.h"
#include "net/pending_output.h"
#include "reactor/exchange.h"
#include "reactor/unanswered.h"

namespace brink::reactor {

// An answer that is ready before an earlier request's.
struct HeldAnswer {
  uint32_t sequence;
  bool close;
  net::ByteBuffer bytes;
  net::HeldBytes body;
};

// How far a connection is on its way out. Each stage accepts less than the one before.
enum class Stage : uint8_t {
  open,       // takes requests
  last,       // takes no more requests: the unanswered ones are answered, then it ends
  refused,    // the same, and the client may still be sending what nobody will read
  lingering,  // said everything, and waits for the client to close, so that no reset destroys what was said
};

// What the entry in the wheel stands for.
enum class Deadline : uint8_t { none, keep_alive, head, request, write, linger };

struct Connection {
  Connection(ConnectionId id, net::Fd fd, const net::Address& peer, const http::Limits& limits)
      : id(id), fd(std::move(fd)), peer(peer), parser(limits) {}

  ConnectionId id;
  net::Fd fd;
  net::Address peer;
  Stage stage = Stage::open;
  Deadline deadline_kind = Deadline::none;
  bool readable = false;       // an edge that was not used up
  bool peer_finished = false;  // recv() gave the end of the stream
  bool hung_up = false;        // the poller saw it coming
  bool polled = true;          // the poller knows it; one that was turned away is looked at by the clock
  bool in_ready_list = false;
  bool reads_wanted = true;  // what a level-triggered poller was told
  bool writes_wanted = false;
  uint64_t message_began_ms = 0;
  uint64_t progress_ms = 0;      // when it last took some of its answer
  uint64_t window_began_ms = 0;  // since when window_bytes came, or were taken: for the least rate
  uint32_t window_bytes = 0;
  http::RequestParser parser;
  Unanswered unanswered;
  net::DeadlineEntry deadline;
  std::unique_ptr<net::PendingOutput> pending;
  std::unique_ptr<std::vector<HeldAnswer>> held;

  bool has_pending() const { return pending && !pending->empty(); }
};

}  // namespace brink::reactor
