// One client: its socket, its parser, what it waits for and what it still has to take. Idle it keeps a few hundred
// bytes and no buffer. Owned by the reactor's table, used on the reactor's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "http/request_parser.h"
#include "net/deadline_wheel.h"
#include "net/fd.h"
#include "net/pending_output.h"
#include "reactor/answer.h"
#include "reactor/deadlines.h"
#include "reactor/event_writer.h"
#include "reactor/exchange.h"
#include "reactor/observed.h"
#include "reactor/options.h"
#include "reactor/pending_input.h"
#include "reactor/stats.h"
#include "reactor/unanswered.h"
#include "tls/session.h"

namespace brink::reactor {

// How far a connection is on its way out. Each stage accepts less than the one before.
enum class Stage : uint8_t {
  announced,  // begins with a header of the PROXY protocol, or may begin with one
  handshake,  // begins with a handshake of TLS
  open,       // takes requests
  tunnel,     // was handed over: bytes pass through, in both directions
  last,       // takes no more requests: the unanswered ones are answered, then it ends
  refused,    // the same, and the client may still be sending what nobody will read
  lingering,  // said everything, and waits for the client to close, so that no reset destroys what was said
  ended,      // its descriptor is closed; the table frees it when nobody can name it any more
};

// The direction from the client. `readable` is an edge that was not used up: recv() takes it back with EAGAIN, and a
// short read does, unless the poller has announced that more than bytes is to come.
struct Input {
  bool readable = false;
  bool hung_up = false;   // the end of the stream was announced: no further edge will come for it
  bool urgent = false;    // urgent data was announced: recv() stops short at its mark
  bool broken = false;    // nothing can be sent or received any more
  bool finished = false;  // recv() has given the end of the stream

  bool short_read_drains() const { return !hung_up && !urgent; }
};

// The direction to the client.
struct Output {
  std::unique_ptr<net::PendingOutput> pending;  // what the socket has not taken, in order
  bool takes_more = false;                      // it would take more now; other connections had their turn first
  bool unsent_limit_lifted = false;             // for a large file, until memory is sent again

  net::PendingOutput& with_pending() {
    if (!pending) pending = std::make_unique<net::PendingOutput>();
    return *pending;
  }
};

// What the poller was told.
struct Watch {
  bool polled = true;  // false for one that was turned away: the clock looks at it
  bool reads = true;   // interests, for level-triggered pollers
  bool writes = false;
};

// Of a connection that a proxy passes on, and announces by a header of the PROXY protocol.
struct Announced {
  bool is_required = false;
  bool has_client = false;
  net::Address client;                            // whom the header names
  std::vector<char> header;                       // as far as it has come
  std::shared_ptr<const tls::Contexts> contexts;  // of TLS, which begins behind the header; or null
};

// A body that comes after its request was handed on; in a tunnel, all that comes.
struct IncomingBody {
  explicit IncomingBody(uint32_t sequence) : sequence(sequence) {}

  // Of a body that nobody wanted this much is read and forgotten, for the sake of the next request.
  static constexpr uint64_t kMostDiscarded = 1024 * 1024;
  static constexpr int64_t kMostCredit = int64_t{1} << 53;

  uint32_t sequence;
  bool closes_after = false;             // its request is the connection's last
  bool wanted = false;                   // "100 Continue" may be said
  bool answered = false;                 // its request was, before all of it was there
  bool discarded = false;                // and the answer is out
  int64_t credit = layout::kBodyWindow;  // so many bytes may come before the app asks for more
  uint64_t bytes = 0;                    // that came with their request, and after it
  uint64_t discarded_bytes = 0;
  uint64_t held_back_since_ms = 0;  // since when this side does not want more of it; 0: it does

  bool is_wanted() const { return discarded || credit > 0; }
};

// What few connections have, and most never. It is in one place, so that one test tells that there is none of it.
struct Rare {
  std::optional<IncomingBody> incoming;
  std::optional<OwnDeadlines> own_deadlines;
  std::optional<PendingInput> pending_input;
  std::optional<Announced> announced;  // of a peer that has sent a header, or is to send one
  std::optional<Work> untaken;         // while draining: what was answered, and the system has not taken yet
  std::unique_ptr<Observed> observed;  // where somebody logs or measures requests
  bool upgrade_offered = false;        // by the last request: until its answer nothing more is read
  bool offer_is_last = false;          // what is offered, if that is declined, is the connection's last request

  bool is_empty() const {
    return !incoming && !own_deadlines && !pending_input && !announced && !untaken && !observed && !upgrade_offered;
  }
  // Whether what is answered depends on any of it.
  bool concerns_answers() const { return incoming || own_deadlines || upgrade_offered; }
  bool lets_take_request(const Options& options) const {
    return !upgrade_offered && (!pending_input || pending_input->bytes() < options.max_pending_input_bytes);
  }
};

struct Connection {
  Connection(ConnectionId id, net::Fd fd, const net::Address& peer, const http::Limits& limits)
      : id(id), fd(std::move(fd)), peer(peer), parser(limits) {}

  ConnectionId id;
  net::Fd fd;
  net::Address peer;  // who is connected
  Stage stage = Stage::open;
  Input input;
  Output output;
  Watch watch;
  bool in_ready_list = false;
  Cause cause = Cause::client;   // of its end, once that is not the client's
  bool answers_for_app = false;  // a request that the app has was answered here: whatever it still gives is for nobody
  Since since;
  RateWindow window;
  http::RequestParser parser;
  Unanswered unanswered;
  net::DeadlineEntry deadline;
  std::vector<Answer> answers;
  uint64_t bytes_sent = 0;
  std::unique_ptr<tls::Session> tls;  // null where what is sent is what was written
  std::unique_ptr<Rare> rare;         // null when it would be empty, as soon as the connection has settled

  Rare& with_rare() {
    if (!rare) rare = std::make_unique<Rare>();
    return *rare;
  }
  // These are null where there is none.
  IncomingBody* incoming() const { return rare && rare->incoming ? &*rare->incoming : nullptr; }
  OwnDeadlines* own_deadlines() const { return rare && rare->own_deadlines ? &*rare->own_deadlines : nullptr; }
  Announced* announced() const { return rare && rare->announced ? &*rare->announced : nullptr; }
  Observed* observed() const { return rare ? rare->observed.get() : nullptr; }
  bool upgrade_offered() const { return rare && rare->upgrade_offered; }
  bool is_body_of(uint32_t sequence) const { return rare && rare->incoming && rare->incoming->sequence == sequence; }
  void forget_incoming() {
    if (rare) rare->incoming.reset();
  }

  // Who asks: the peer, or whom it speaks for.
  const net::Address& client() const { return announced() && announced()->has_client ? announced()->client : peer; }
  // What comes before the first request has begun.
  bool is_within_opening() const {
    if (stage == Stage::handshake) return tls->has_begun();
    return stage == Stage::announced && !announced()->header.empty();
  }

  // Most are not.
  bool is_sealed() const { return __builtin_expect(tls != nullptr, 0) != 0; }
  bool had_opening() const { return __builtin_expect(tls || rare, 0) != 0; }
  bool has_ended() const { return stage == Stage::ended; }
  bool has_pending() const { return output.pending && !output.pending->empty(); }

  // The first counts.
  void is_ended_by(Cause by) {
    if (cause == Cause::client) cause = by;
  }

  Answer* answer_to(uint32_t sequence) { return find_answer(answers, sequence); }
  // The one that has begun and whose turn it is.
  Answer* due_answer() { return unanswered.empty() ? nullptr : find_answer(answers, unanswered.first()); }
  const Answer* due_answer() const { return unanswered.empty() ? nullptr : find_answer(answers, unanswered.first()); }

  // A client is not heard while it does not take its answers, sends more requests than are answered, or more of a body
  // than the app wants; nor while the app decides whether to go on with HTTP.
  bool may_read(const Options& options) const {
    if (stage >= Stage::last) return false;
    if (output.pending && output.pending->size() >= options.max_pending_output_bytes) return false;
    return incoming() ? incoming()->is_wanted() : may_take_request(options);
  }

  bool may_take_request(const Options& options) const {
    return stage <= Stage::open && unanswered.count() < options.max_pipelined &&
           (!rare || rare->lets_take_request(options));
  }

  // `reads`: as may_read() says.
  Wait waits_for(bool reads) const {
    if (has_pending()) return stage < Stage::open ? waits_for_opening() : Wait::taking;
    if (stage == Stage::lingering) return Wait::lingering;
    if (stage == Stage::tunnel) return Wait::nothing;  // when one ends is the app's affair
    bool is_unanswered = !unanswered.empty();
    // The client has sent the end of its stream, and nothing that stands before it will be read.
    bool has_closed = input.finished || (input.hung_up && !reads);
    if (has_closed && is_unanswered) return Wait::half_closed;
    if (parser.in_message() && stage == Stage::open && !input.finished) {
      if (!parser.in_body()) return Wait::head;
      return incoming() && incoming()->held_back_since_ms > 0 ? Wait::held_back : Wait::body;
    }
    if (!is_unanswered) return stage < Stage::open ? waits_for_opening() : Wait::request;
    return reads ? Wait::nothing : Wait::held_back;
  }

 private:
  // Out of line, because most connections never are in it.
  [[gnu::noinline, gnu::cold]] Wait waits_for_opening() const {
    if (stage == Stage::handshake) return Wait::handshake;
    return announced()->is_required || !announced()->header.empty() ? Wait::announcement : Wait::request;
  }

  template <typename Answers>
  static auto find_answer(Answers& answers, uint32_t sequence) -> decltype(answers.data()) {
    for (auto& answer : answers) {
      if (answer.sequence == sequence) return &answer;
    }
    return nullptr;
  }
};

}  // namespace brink::reactor
