// The reactor's part that counts what becomes of requests, streams and tunnels from the begin of a drain on: each is
// answered, cut or lost, once. While it does not drain, nothing is counted.
#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

void move_untaken(Connection& connection, Work& work) {
  if (!connection.rare || !connection.rare->untaken) return;
  work.requests += connection.rare->untaken->requests;
  work.streams += connection.rare->untaken->streams;
  connection.rare->untaken.reset();
}

}  // namespace

// What was answered before, and not taken yet: it is one answer at least. A stream that goes on is counted at its end.
void Reactor::begin_counting() {
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    Connection* connection = connections_.at_slot(slot);
    bool has_answered = connection && connection->stage >= Stage::open && connection->has_pending();
    if (has_answered && !connection->due_answer()) count_answered(*connection, false);
  }
}

// It counts when the system has taken it.
void Reactor::count_answered(Connection& connection, bool streamed) {
  std::optional<Work>& untaken = connection.with_rare().untaken;
  if (!untaken) untaken.emplace();
  streamed ? untaken->streams++ : untaken->requests++;
}

void Reactor::count_taken(Connection& connection) {
  // A connection that broke over it is counted by then: see count_end().
  move_untaken(connection, stats_.drained.answered);
}

void Reactor::count_unanswered(const Connection& connection, Work& work) const {
  uint32_t requests = connection.unanswered.count();
  for (const Answer& answer : connection.answers) {
    bool is_tunnel = answer.takes_over || connection.stage == Stage::tunnel;
    if (!is_tunnel && !answer.streams) continue;
    is_tunnel ? work.tunnels++ : work.streams++;
    requests--;
  }
  work.requests += requests;
}

// The connection ends.
void Reactor::count_end(Connection& connection) {
  Work& unfinished = cutting_ ? stats_.drained.cut : stats_.drained.lost;
  move_untaken(connection, unfinished);
  const Answer* due = connection.due_answer();
  if (connection.stage == Stage::tunnel && due && due->complete && !connection.has_pending()) {
    stats_.drained.answered.tunnels++;
    return;
  }
  count_unanswered(connection, unfinished);
  // Of one that the client leaves in the middle nobody has known.
  bool is_arriving = connection.stage == Stage::open && connection.parser.in_message() && !connection.parser.in_body();
  if (cutting_ && is_arriving) unfinished.requests++;
}

}  // namespace brink::reactor
