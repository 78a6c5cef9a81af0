// The reactor's part that times out: which deadline a connection has, and what becomes of it when that has passed.
#include <algorithm>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

constexpr uint64_t kLingerMs = 5'000;
constexpr uint64_t kLookAgainMs = 60'000;
constexpr uint64_t kLookAgainSoonMs = 500;
constexpr uint64_t kLookAtTurnedAwayMs = 100;
constexpr uint64_t kRateWindowMs = 5'000;
constexpr uint64_t kNever = uint64_t{1} << 62;

}  // namespace

// Sets the deadline of what the connection is waiting for. While a handler works there is none: the entry in the wheel
// is left as it is, and looked at when it falls due.
void Reactor::arm(Connection& connection) {
  Deadline kind = deadline_of(connection);
  if (kind != connection.deadline_kind) {
    // It was this side that kept the client waiting.
    if (connection.deadline_kind == Deadline::held_back)
      connection.message_began_ms += now_ms_ - connection.window_began_ms;
    connection.deadline_kind = kind;
    connection.progress_ms = connection.window_began_ms = now_ms_;
    connection.window_bytes = 0;
  } else if (kind == Deadline::linger || kind == Deadline::keep_alive) {
    return;  // empty lines do not prolong it
  }
  if (kind != Deadline::none && kind != Deadline::held_back) wheel_.set(connection.deadline, due_ms(connection));
}

Deadline Reactor::deadline_of(const Connection& connection) {
  if (connection.stage == Stage::lingering) return Deadline::linger;
  if (connection.has_pending()) return Deadline::write;
  // A stream may be quiet for as long as it likes. But a client that has stopped sending may have vanished, and nothing
  // would ever tell.
  if (connection.outgoing && connection.peer_finished && connection.stage != Stage::tunnel) return Deadline::vanishing;
  bool reads = connection.stage == Stage::open && !connection.peer_finished;
  if (reads && connection.parser.in_body()) {
    // While this side holds the `100 Continue` back, or wants no more yet, the client has nothing to hurry with.
    bool waits = connection.parser.wants_continue() || (connection.incoming && !wants_body(*connection.incoming));
    return waits ? Deadline::held_back : Deadline::request;
  }
  if (reads && connection.parser.in_message()) return Deadline::head;
  return connection.unanswered.empty() ? Deadline::keep_alive : Deadline::none;
}

// A body that arrives, and an answer that is taken, are looked at once a window, too, for their rate.
uint64_t Reactor::due_ms(const Connection& connection) const {
  switch (connection.deadline_kind) {
    case Deadline::linger:
      return now_ms_ + (connection.polled ? kLingerMs : kLookAtTurnedAwayMs);
    case Deadline::write:
      return std::min(connection.progress_ms + patience_with_unsent(connection).timeout_ms, window_end_ms(connection));
    case Deadline::request:
      return std::min(connection.message_began_ms + request_timeout_ms(connection), window_end_ms(connection));
    case Deadline::vanishing:
      return connection.progress_ms + kLingerMs;
    case Deadline::head:
      return connection.message_began_ms + options_.headers_timeout_ms;
    case Deadline::keep_alive:
      return now_ms_ + options_.keep_alive_timeout_ms;
    case Deadline::held_back:
    case Deadline::none:
      break;
  }
  return now_ms_ + kLookAgainMs;
}

// The kernel takes a large piece of an answer at a time, and then nothing for long: there the window is longer.
uint64_t Reactor::window_end_ms(const Connection& connection) const {
  if (min_rate_bytes(connection) == 0) return kNever;
  bool writes = connection.deadline_kind == Deadline::write;
  uint64_t longest_pause_ms = writes ? patience_with_unsent(connection).timeout_ms : 0;
  return connection.window_began_ms + std::max(kRateWindowMs, longest_pause_ms);
}

bool Reactor::is_too_slow(const Connection& connection) const {
  return connection.window_bytes < min_rate_bytes(connection) * (now_ms_ - connection.window_began_ms) / 1000;
}

void Reactor::set_deadlines(Connection& connection, const Reply& given) {
  if (!connection.unanswered.includes(given.sequence)) return;
  if (!connection.own_deadlines) {
    connection.own_deadlines = std::make_unique<OwnDeadlines>();
    // With what was answered before.
    bool is_unsent = connection.has_pending() || (output_of_.token() == connection.id.token() && !output_.empty());
    if (is_unsent) connection.own_deadlines->of_unsent = server_patience();
  }
  auto& all = connection.own_deadlines->of_requests;
  auto found = std::find_if(all.begin(), all.end(), [&](const auto& own) { return own.sequence == given.sequence; });
  if (found == all.end()) found = all.insert(all.end(), {given.sequence, {}});
  found->deadlines = given.deadlines;
  settle_later(connection);
}

// The answer to this request was framed. Its body may still be coming.
void Reactor::pass_deadlines(Connection& connection, uint32_t sequence) const {
  if (!connection.own_deadlines) return;
  connection.own_deadlines->of_unsent.join(patience_with_answer(connection, sequence));
  auto& all = connection.own_deadlines->of_requests;
  auto is_before = [&](const auto& own) { return static_cast<int32_t>(own.sequence - sequence) < 0; };
  all.erase(std::remove_if(all.begin(), all.end(), is_before), all.end());
}

// Those of answers that were taken, and all of them when nothing is left that they are for.
void Reactor::forget_deadlines(Connection& connection) {
  if (connection.has_pending()) return;
  connection.own_deadlines->of_unsent = {};
  if (connection.unanswered.empty() && !connection.incoming) connection.own_deadlines.reset();
}

// Null for the server's.
const Deadlines* Reactor::own_deadlines_of(const Connection& connection, uint32_t sequence) {
  if (!connection.own_deadlines) return nullptr;
  for (const auto& own : connection.own_deadlines->of_requests) {
    if (own.sequence == sequence) return &own.deadlines;
  }
  return nullptr;
}

const Deadlines* Reactor::own_deadlines_of_body(const Connection& connection) {
  return connection.incoming ? own_deadlines_of(connection, connection.incoming->sequence) : nullptr;
}

uint64_t Reactor::request_timeout_ms(const Connection& connection) const {
  const Deadlines* own = own_deadlines_of_body(connection);
  return own && own->request_ms > 0 ? own->request_ms : options_.request_timeout_ms;
}

Patience Reactor::patience_with_answer(const Connection& connection, uint32_t sequence) const {
  Patience patience = server_patience();
  const Deadlines* own = own_deadlines_of(connection, sequence);
  if (own && own->write_ms > 0) patience.timeout_ms = own->write_ms;
  if (own && own->min_rate_and_one > 0) patience.min_rate_bytes = own->min_rate_and_one - 1;
  return patience;
}

// Answers stand behind each other in what the client has not taken: the time that one of them has is not cut short by
// those behind it.
Patience Reactor::patience_with_unsent(const Connection& connection) const {
  if (!connection.own_deadlines) return server_patience();
  Patience patience = connection.own_deadlines->of_unsent;
  if (connection.outgoing) patience.join(patience_with_answer(connection, connection.outgoing->sequence));
  return patience.timeout_ms > 0 ? patience : server_patience();
}

uint64_t Reactor::min_rate_bytes(const Connection& connection) const {
  if (connection.deadline_kind == Deadline::write) return patience_with_unsent(connection).min_rate_bytes;
  const Deadlines* own = own_deadlines_of_body(connection);
  return own && own->min_rate_and_one > 0 ? own->min_rate_and_one - 1 : options_.min_rate_bytes;
}

void Reactor::expire_deadlines() {
  while (net::DeadlineEntry* entry = wheel_.take_due(now_ms_)) expire(*connections_.at_slot(entry->slot));
}

void Reactor::expire(Connection& connection) {
  bool receives = connection.deadline_kind == Deadline::head || connection.deadline_kind == Deadline::request ||
                  connection.deadline_kind == Deadline::keep_alive;
  if (receives && connection.readable) {
    // The client has sent, and it is this side that does not read: JavaScript has all the blocks.
    wheel_.set(connection.deadline, now_ms_ + kLookAgainSoonMs);
    return;
  }
  switch (connection.deadline_kind) {
    case Deadline::keep_alive:
      stats_.idle_timeouts++;
      return drop(connection);
    case Deadline::head:
      return refuse(connection, http::Refusal::HEADERS_TIMEOUT);
    case Deadline::request:
      if (now_ms_ >= connection.message_began_ms + request_timeout_ms(connection)) {
        return refuse(connection, http::Refusal::REQUEST_TIMEOUT);
      }
      if (is_too_slow(connection)) return refuse(connection, http::Refusal::REQUEST_TOO_SLOW);
      break;
    case Deadline::write:
      if (now_ms_ >= connection.progress_ms + patience_with_unsent(connection).timeout_ms) {
        return cut_off(connection, http::Refusal::WRITE_TIMEOUT);
      }
      if (is_too_slow(connection)) return cut_off(connection, http::Refusal::RESPONSE_TAKEN_TOO_SLOWLY);
      break;
    case Deadline::vanishing:
      if (now_ms_ >= connection.progress_ms + kLingerMs) return drop(connection);
      break;
    case Deadline::linger:
      return look_at_lingering(connection);
    case Deadline::held_back:
    case Deadline::none:
      return wheel_.set(connection.deadline, due_ms(connection));
  }
  connection.window_began_ms = now_ms_;
  connection.window_bytes = 0;
  wheel_.set(connection.deadline, due_ms(connection));
}

// It does not take what it is told, so there is no telling it; the kernel need not go on trying either.
void Reactor::cut_off(Connection& connection, http::Refusal refusal) {
  stats_.refusals[static_cast<size_t>(refusal)]++;
  note_client_error(connection, refusal);
  net::system::reset_on_close(connection.fd.get());
  drop(connection);
}

void Reactor::look_at_lingering(Connection& connection) {
  if (connection.polled || now_ms_ >= connection.message_began_ms + kLingerMs) return drop(connection);
  wheel_.set(connection.deadline, now_ms_ + kLookAtTurnedAwayMs);
  connection.readable = true;
  discard_input(connection);
}

}  // namespace brink::reactor
