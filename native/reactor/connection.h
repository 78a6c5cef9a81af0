// One client: its socket, its parser, what it waits for and what it still has to take. Idle it keeps a few hundred
// bytes and no buffer. Owned by the reactor's table, used on the reactor's thread.
#pragma once

#include <algorithm>
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

// A body that comes after its request was handed on; in a tunnel, all that comes.
struct IncomingBody {
  uint32_t sequence;
  bool closes_after = false;             // its request is the connection's last
  bool wanted = false;                   // "100 Continue" may be said
  bool answered = false;                 // its request was, before all of it was there
  bool discarded = false;                // and the answer is out
  int64_t credit = layout::kBodyWindow;  // so many bytes may come before the app asks for more
  uint64_t discarded_bytes = 0;
};

// An answer of which the head is out, and not yet all of its body.
struct OutgoingBody {
  enum class Framing : uint8_t { chunked, length, to_the_close, none };
  uint32_t sequence;
  Framing framing;
  bool close;
  bool asks = false;      // the app waits to hear that there is room for more
  bool ended = false;     // in a tunnel: nothing more is said,
  bool told_end = false;  // and the client was told
  uint64_t left = 0;      // of a known length
};

// What is framed and waits for its turn.
struct HeldPiece {
  net::ByteBuffer bytes;
  net::HeldBytes body;
};

// An answer that is ready, or begun, before an earlier request's is out.
struct HeldAnswer {
  uint32_t sequence;
  bool close;
  bool complete;
  bool aborted = false;
  bool takes_over = false;  // the connection becomes a tunnel
  OutgoingBody outgoing;    // of one that is not complete
  std::vector<HeldPiece> pieces;
};

// How long a client may take nothing of what it is sent, and how little of it.
struct Patience {
  uint64_t timeout_ms = 0;
  uint64_t min_rate_bytes = UINT64_MAX;

  void join(const Patience& other) {
    timeout_ms = std::max(timeout_ms, other.timeout_ms);
    min_rate_bytes = std::min(min_rate_bytes, other.min_rate_bytes);
  }
};

struct OwnDeadlines {
  struct OfRequest {
    uint32_t sequence;
    Deadlines deadlines;
  };
  std::vector<OfRequest> of_requests;  // that are not done with
  Patience of_unsent;                  // the most there is with any of the answers that may not be taken yet
};

// How far a connection is on its way out. Each stage accepts less than the one before.
enum class Stage : uint8_t {
  open,       // takes requests
  tunnel,     // was handed over: bytes pass through, in both directions
  last,       // takes no more requests: the unanswered ones are answered, then it ends
  refused,    // the same, and the client may still be sending what nobody will read
  lingering,  // said everything, and waits for the client to close, so that no reset destroys what was said
};

// What the entry in the wheel stands for: nothing while a handler works (none), or does not want the body (held_back).
enum class Deadline : uint8_t { none, keep_alive, head, request, held_back, write, vanishing, linger };

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
  bool broken = false;         // and that nobody is there
  bool polled = true;          // the poller knows it; one that was turned away is looked at by the clock
  bool in_ready_list = false;
  bool reads_wanted = true;  // what a level-triggered poller was told
  bool writes_wanted = false;
  bool upgrade_offered = false;  // by the last request: until its answer nothing more is read
  bool sends_files = false;      // the system takes as much of them as it likes
  bool sends_more = false;       // the socket would take more output now; others had their turn first
  uint64_t message_began_ms = 0;
  uint64_t progress_ms = 0;      // when it last took some of its answer
  uint64_t window_began_ms = 0;  // since when window_bytes came, or were taken, or the client is held back
  uint32_t window_bytes = 0;
  http::RequestParser parser;
  Unanswered unanswered;
  net::DeadlineEntry deadline;
  std::unique_ptr<net::PendingOutput> pending;
  std::unique_ptr<std::vector<HeldAnswer>> held;
  std::unique_ptr<IncomingBody> incoming;
  std::unique_ptr<OutgoingBody> outgoing;
  std::unique_ptr<OwnDeadlines> own_deadlines;

  bool has_pending() const { return pending && !pending->empty(); }
};

}  // namespace brink::reactor
