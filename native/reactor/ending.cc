// The reactor's part that ends connections: in order, with a refusal, when their time is over, or all at once.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

constexpr uint64_t kLookAgainSoonMs = 500;
// What waits to be accepted is taken when the server drains, but no flood without end.
constexpr int kMostAcceptRounds = 64;

}  // namespace

// A request that cannot be taken: its answer stands in line behind those of the requests before it, and then the
// connection ends, for what follows cannot be told apart from it. If the app has its head, it is told.
void Reactor::refuse(Connection& connection, http::Refusal refusal, net::Slice packet) {
  tell_client_error(connection, refusal);
  if (http::status_of(refusal) == 408) connection.is_ended_by(Cause::timeout);
  if (options_.asks_about_refusals) return ask_about_refusal(connection, refusal, packet);
  connection.stage = Stage::refused;
  uint32_t sequence;
  if (const IncomingBody* incoming = connection.incoming()) {
    sequence = incoming->sequence;
    if (!incoming->discarded) notices_.body_failed(connection.id, sequence, refusal);
    connection.answers_for_app |= !incoming->answered;
    connection.forget_incoming();
    if (observing_) observing_->refuses(connection, sequence, refusal);
  } else {
    if (connection.unanswered.count() >= Unanswered::kMost) return drop(connection);
    sequence = connection.unanswered.add(connection.parser.asks_for_head(), false);
    if (observing_) observing_->refuses_head(connection, sequence, refusal, refused_head(connection, packet));
  }
  answer(connection, last_answer(connection.id, sequence, http::status_of(refusal)));
  flush_output();
  settle(connection);
}

// In the place of an answer stands one that nobody can give, so that the connection stays until the app ends it.
void Reactor::ask_about_refusal(Connection& connection, http::Refusal refusal, net::Slice packet) {
  connection.stage = Stage::refused;
  const IncomingBody* incoming = connection.incoming();
  // Then the request is known, and this is its end.
  bool is_of_body = incoming || connection.parser.in_body();
  if (incoming) {
    if (!incoming->discarded) notices_.body_failed(connection.id, incoming->sequence, refusal);
    if (observing_) observing_->refuses(connection, incoming->sequence, refusal);
    connection.forget_incoming();
  }
  if (connection.unanswered.count() >= Unanswered::kMost) return drop(connection);
  uint32_t sequence = connection.unanswered.add(false, false);
  connection.unanswered.take(sequence);
  if (observing_ && !is_of_body) {
    observing_->refuses_head(connection, sequence, refusal, refused_head(connection, packet));
  }
  notices_.refused(connection.id, refusal, packet);
  flush_output();
  settle(connection);
}

// As far as it has come. Of a deadline there is no packet. Not of a body: what the parser kept is another's head then.
net::Slice Reactor::refused_head(const Connection& connection, net::Slice packet) const {
  if (!packet.data) return connection.parser.kept_head();
  return {scratch_.refused.data(), scratch_.refused.size()};
}

void Reactor::tell_client_error(const Connection& connection, http::Refusal refusal, const char* reason) {
  stats_.refusals[static_cast<size_t>(refusal)]++;
  if (!options_.tells_client_errors) return;
  notices_.client_error(connection.id, refusal, reason, connection.client(), now_ms_);
}

// What comes from a client that nobody listens to any more is read and forgotten: closing with input unread would make
// the kernel send a reset, and that may overtake the answer.
void Reactor::discard_input(Connection& connection) {
  Input& input = connection.input;
  if (input.finished) input.readable = false;
  if (!input.readable) return settle(connection);
  char forgotten[16 * 1024];
  for (int rounds = 0; rounds < 8; rounds++) {
    int64_t got = net::system::receive(connection.fd.get(), forgotten, sizeof forgotten);
    stats_.receives++;
    if (got == -EINTR) continue;
    if (got == -EAGAIN || got == -EWOULDBLOCK) {
      stats_.empty_receives++;
      input.readable = input.urgent = false;
      return settle(connection);
    }
    if (got <= 0) {
      input.readable = false;
      if (got < 0) connection.is_ended_by(Cause::reset);
      if (got < 0 || connection.stage == Stage::lingering) return drop(connection);
      return hear_the_end(connection);
    }
    stats_.bytes_in += static_cast<uint64_t>(got);
  }
  push_ready(connection);
}

// Everything was said. A client that may still be sending is told the end and given time to see it. Others are told,
// too: close() alone, upon input that nobody has noticed, would throw away what waits to leave with the end.
void Reactor::end(Connection& connection) {
  if (connection.is_sealed() && !say_end_of_session(connection)) return settle(connection);
  if (connection.input.finished) return drop(connection);
  connection.is_ended_by(Cause::server);
  bool may_be_sending = connection.stage == Stage::refused || connection.input.readable ||
                        connection.parser.in_message() || (draining_ && options_.grace_ms > 0);
  if (net::system::shutdown_sending(connection.fd.get()) != 0 || !may_be_sending) return drop(connection);
  connection.stage = Stage::lingering;
  connection.since.looked_ms = now_ms_;
  settle(connection);
}

// The app ends it, with bytes of its own or without. What was said before leaves first.
void Reactor::end_connection(Connection& connection, const Reply& given) {
  connection.is_ended_by(Cause::server);
  const Answer* due = connection.due_answer();
  bool has_said_all = connection.stage >= Stage::last && connection.unanswered.empty();
  bool has_said_end = has_said_all || (due && due->told_end);
  select_output(connection);
  if (!has_said_end) {
    if (observing_) observing_->says_last(connection, given);
    output_.append(given.fields);
    output_.append(given.body);
    if (given.held) {
      send(connection, output_.slice(), std::move(*given.held));
      output_.clear();
    }
  }
  if (given.ending == Ending::in_order) {
    if (!has_said_end && !connection.has_ended()) drop_unanswered(connection);
    return;
  }
  flush_output();
  if (connection.has_ended()) return;
  given.ending == Ending::by_reset ? break_off(connection) : drop(connection);
}

void Reactor::drop(Connection& connection) {
  if (connection.has_ended()) return;
  if (draining_) count_end(connection);
  if (observing_) observing_->ends(connection);
  if (connection.is_sealed()) say_end_at_once(connection);
  if (!connection.unanswered.empty() || connection.answers_for_app) notices_.gone(connection.id);
  if (options_.tells_connections && connection.watch.polled) notices_.closed(connection.id, connection.cause);
  wheel_.clear(connection.deadline);
  if (connection.watch.polled) {
    poller_->remove(connection.fd.get());
  } else {
    turned_away_--;
  }
  connection.fd.reset();
  connections_.end(connection);
  // A descriptor is free again: whoever waits to be accepted need not wait longer.
  accept_again_ms_ = 0;
}

void Reactor::drop_broken(Connection& connection) {
  connection.is_ended_by(Cause::reset);
  drop(connection);
}

// It does not take what it is told, so there is no telling it; the kernel need not go on trying either.
void Reactor::cut_off(Connection& connection, http::Refusal refusal) {
  tell_client_error(connection, refusal);
  if (observing_) observing_->cuts_off(connection, refusal);
  connection.is_ended_by(Cause::timeout);
  break_off(connection);
}

void Reactor::expire_deadlines() {
  while (net::DeadlineEntry* entry = wheel_.take_due(now_ms_)) expire(*connections_.at_slot(entry->slot));
}

void Reactor::expire(Connection& connection) {
  Wait wait = connection.waits_for(connection.may_read(options_));
  uint64_t due = due_ms(connection, wait, options_);
  bool receives = wait == Wait::head || wait == Wait::body || wait == Wait::request || wait == Wait::announcement ||
                  wait == Wait::handshake;
  if (receives && connection.input.readable) {
    // The client has sent, and it is this side that does not read: JavaScript has all the blocks.
    return wheel_.set(connection.deadline, now_ms_ + kLookAgainSoonMs);
  }
  if (due > now_ms_) return wheel_.set(connection.deadline, due);
  switch (wait) {
    case Wait::request:
      if (draining_) {
        // One more look at the socket, right before it is told the end: see settle().
        connection.input.readable = true;
        push_ready(connection);
        return wheel_.set(connection.deadline, now_ms_ + kLookAgainSoonMs);
      }
      stats_.idle_timeouts++;
      connection.is_ended_by(Cause::timeout);
      return drop(connection);
    case Wait::announcement:
      if (draining_ && !connection.is_within_opening()) return drop(connection);
      return refuse_proxy_header(connection, http::Refusal::PROXY_HEADER_TIMEOUT);
    case Wait::handshake:
      connection.is_ended_by(Cause::timeout);
      if (!draining_ || connection.is_within_opening()) {
        tell_client_error(connection, http::Refusal::TLS_HANDSHAKE_TIMEOUT);
      }
      return drop(connection);
    case Wait::head:
      return refuse(connection, http::Refusal::HEADERS_TIMEOUT);
    case Wait::body:
      if (now_ms_ >= request_deadline_ms(connection, options_)) {
        return refuse(connection, http::Refusal::REQUEST_TIMEOUT);
      }
      if (is_too_slow(connection, options_, wait, now_ms_)) {
        return refuse(connection, http::Refusal::REQUEST_TOO_SLOW);
      }
      break;
    case Wait::taking:
      if (now_ms_ >= taking_deadline_ms(connection, options_)) {
        return cut_off(connection, http::Refusal::WRITE_TIMEOUT);
      }
      if (is_too_slow(connection, options_, wait, now_ms_)) {
        return cut_off(connection, http::Refusal::RESPONSE_TAKEN_TOO_SLOWLY);
      }
      break;
    case Wait::half_closed:
      return drop(connection);
    case Wait::lingering:
      return expire_lingering(connection);
    case Wait::held_back:
      return look_at_held_back(connection);
    case Wait::nothing:
      connection.since.looked_ms = now_ms_;
      return wheel_.set(connection.deadline, due_ms(connection, wait, options_));
  }
  connection.window.restart(now_ms_);
  wheel_.set(connection.deadline, due_ms(connection, wait, options_));
}

// One that the poller does not have is looked at again and again.
void Reactor::expire_lingering(Connection& connection) {
  if (connection.watch.polled || now_ms_ >= connection.since.idle_ms + kLingerMs) return drop(connection);
  connection.since.looked_ms = now_ms_;
  // Before the input is read: of more than one turn reads, nothing is settled.
  wheel_.set(connection.deadline, due_ms(connection, Wait::lingering, options_));
  connection.input.readable = true;
  discard_input(connection);
}

// The end of a client that is not read stands behind what it has sent: a poller by levels does not tell of it.
void Reactor::look_at_held_back(Connection& connection) {
  if (connection.stage == Stage::refused && options_.asks_about_refusals) {
    // The app was asked, and says nothing.
    connection.is_ended_by(Cause::timeout);
    return drop(connection);
  }
  connection.since.looked_ms = now_ms_;
  if (!connection.input.hung_up && net::system::peer_has_finished(connection.fd.get())) {
    connection.input.hung_up = true;
    connection.since.closed_ms = now_ms_;
  }
  arm(connection, false);
}

void Reactor::drain(uint64_t grace_ms) {
  look_at_clock();
  accept_pace_.reset();
  // Their requests may have arrived: closing the listener would reset them.
  for (Listener& listener : listeners_) {
    for (int round = 0; round < kMostAcceptRounds && accept_from(listener) && accept_again_ms_ <= now_ms_; round++) {
    }
  }
  stop_listening();
  if (!std::exchange(draining_, true)) {
    options_.drained_since_ms = now_ms_;
    options_.grace_ms = grace_ms;
    begin_counting();
  }
  options_.grace_ms = std::min(options_.grace_ms, grace_ms);
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    Connection* connection = connections_.at_slot(slot);
    if (!connection) continue;
    // What has arrived before is still answered: one more look at the socket.
    connection->input.readable = true;
    push_ready(*connection);
  }
  if (!in_turn_) connections_.bury();
}

void Reactor::stop_listening() {
  for (Listener& listener : listeners_) poller_->remove(listener.fd.get());
  listeners_.clear();
}

bool Reactor::is_idle(const Connection& connection) const {
  return connection.stage <= Stage::open && connection.unanswered.empty() && !connection.has_pending() &&
         !connection.is_within_opening() && !connection.parser.in_message() && !connection.parser.has_unread() &&
         !connection.input.readable;
}

void Reactor::close_idle() {
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    Connection* connection = connections_.at_slot(slot);
    if (connection && is_idle(*connection)) end(*connection);
  }
  if (!in_turn_) connections_.bury();
}

void Reactor::change_deadlines(const Options& options) {
  options_.max_connections = options.max_connections;
  options_.min_rate_bytes = options.min_rate_bytes;
  options_.handshake_timeout_ms = options.handshake_timeout_ms;
  options_.headers_timeout_ms = options.headers_timeout_ms;
  options_.request_timeout_ms = options.request_timeout_ms;
  options_.write_timeout_ms = options.write_timeout_ms;
  options_.half_close_timeout_ms = options.half_close_timeout_ms;
  if (options_.keep_alive_timeout_ms != options.keep_alive_timeout_ms) {
    options_.keep_alive_timeout_ms = options.keep_alive_timeout_ms;
    heads_ = http::ResponseHeadWriter(options.keep_alive_timeout_ms == kNoTimeout ? 0 : options.keep_alive_timeout_ms);
  }
  look_at_clock();
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    if (Connection* connection = connections_.at_slot(slot)) arm(*connection, connection->may_read(options_));
  }
}

void Reactor::cut() {
  draining_ = cutting_ = true;
  stop_listening();
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    Connection* connection = connections_.at_slot(slot);
    if (!connection) continue;
    connection->is_ended_by(Cause::server);
    drop(*connection);
  }
  if (!in_turn_) connections_.bury();
}

// What a crowd has needed is not kept when it has left.
void Reactor::give_memory_back() {
  connections_.bury();
  constexpr size_t kCrowd = 1024;
  most_open_ = std::max(most_open_, connections_.open());
  if (most_open_ < kCrowd || connections_.open() > most_open_ / 8) return;
  most_open_ = connections_.open();
  ready_.shrink_to_fit();
  ready_now_.shrink_to_fit();
}

}  // namespace brink::reactor
