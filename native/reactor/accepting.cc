// The reactor's part that accepts: who is let in, and what becomes of those for whom there is no room.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

constexpr size_t kMostAccepted = 256;  // in a turn, so that a flood of connections does not starve those there are
constexpr size_t kMostAcceptedOfShared = 16;  // so that the other reactors have their part of it
constexpr uint64_t kAcceptAgainMs = 50;
constexpr size_t kMostTurnedAway = 128;  // that linger at a time

constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";

}  // namespace

// Each turn looks at every listener that has not said "no more": an edge that came while descriptors had run out would
// not come again.
void Reactor::accept_waiting() {
  if (accept_again_ms_ <= now_ms_) accept_again_ms_ = 0;
  if (accept_pace_) return accept_paced();
  for (Listener& listener : listeners_) {
    if (listener.readable && accept_again_ms_ <= now_ms_) listener.readable = accept_from(listener);
    // A poller by levels would tell of it over and over while nobody can be accepted.
    want_accepts(listener, !listener.readable || accept_again_ms_ <= now_ms_);
  }
}

// By the clock alone: what the poller tells of a listener that several reactors share, it may tell another one.
void Reactor::accept_paced() {
  constexpr uint64_t kMostBehindUs = 20'000, kLeastUs = 1'000;
  AcceptPace& pace = *accept_pace_;
  for (Listener& listener : listeners_) want_accepts(listener, false);
  if (accept_again_ms_ > now_ms_) return;
  if (now_us_ > kMostBehindUs) pace.next_us = std::max(pace.next_us, now_us_ - kMostBehindUs);
  while (pace.next_us <= now_us_ && accept_again_ms_ <= now_ms_) {
    if (!accept_one()) {
      pace.next_us = now_us_ + std::max(pace.interval_us, kLeastUs);
      return;
    }
    pace.next_us += pace.interval_us;
  }
}

// From each listener in its turn. False when none has any.
bool Reactor::accept_one() {
  uint64_t before = stats_.accepted;
  for (size_t tried = 0; tried < listeners_.size() && stats_.accepted == before; tried++) {
    accept_from(listeners_[(before + tried) % listeners_.size()], 1);
  }
  return stats_.accepted > before;
}

void Reactor::pace_accepts(uint64_t interval_us) {
  look_at_clock();
  for (Listener& listener : listeners_) listener.readable = true;
  if (interval_us == 0) return accept_pace_.reset();
  uint64_t next_us = interval_us == kAcceptsNone ? kAcceptsNone : now_us_;
  accept_pace_ = std::make_unique<AcceptPace>(AcceptPace{interval_us, next_us});
}

void Reactor::limit_receive_buffer(int bytes) {
  for (Listener& listener : listeners_) {
    int& usual = listener.usual_receive_buffer;
    if (bytes == 0) {
      if (usual > 0) net::system::reset_receive_buffer(listener.fd.get(), std::exchange(usual, 0));
      continue;
    }
    if (usual == 0 && net::system::receive_buffer(listener.fd.get(), &usual) != 0) usual = 0;
    net::system::set_receive_buffer(listener.fd.get(), bytes);
  }
}

void Reactor::want_accepts(Listener& listener, bool wanted) {
  if (wanted == listener.wanted) return;
  listener.wanted = wanted;
  poller_->read_interest(listener.fd.get(), wanted);
}

// True when there may be more to accept.
bool Reactor::accept_from(Listener& listener, size_t most) {
  if (most == 0) most = listener.shared ? kMostAcceptedOfShared : kMostAccepted;
  for (size_t accepted = 0; accepted < most;) {
    net::Address peer;
    int64_t result = net::system::accept(listener.fd.get(), &peer);
    if (result >= 0) {
      admit(net::Fd(result), peer, listener);
      accepted++;
      continue;
    }
    switch (-result) {
      case EAGAIN:
        return false;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        // Nothing to accept it with. It waits in the backlog until a connection ends or the time has come.
        accept_again_ms_ = now_ms_ + kAcceptAgainMs;
        return true;
      default:
        // The connection broke before it was accepted (ECONNABORTED and its like), or a signal came: on to the next.
        accepted++;
        continue;
    }
  }
  accept_again_ms_ = now_ms_;
  return true;
}

void Reactor::admit(net::Fd fd, const net::Address& peer, const Listener& listener) {
  stats_.accepted++;
  Connection* added = connections_.add(std::move(fd), peer, *listener.limits);
  if (!added) {
    stats_.shed++;
    return;
  }
  Connection& connection = *added;
  connection.since.idle_ms = now_ms_;
  uint32_t most = options_.max_connections;
  bool too_many = most > 0 && (most == kNoConnections || connections_.open() - turned_away_ > most);
  int error = too_many ? -EMFILE : poller_->add(connection.fd.get(), connection.id.token());
  if (error == 0) {
    if (options_.tells_connections)
      notices_.opened(connection.id, {peer, net::system::local_address(connection.fd.get())});
    if (!listener.is_plain) return await_opening(connection, listener);
    return arm(connection, true);
  }
  connection.watch.polled = false;
  if (error == -ENOSPC) notices_.poller_is_full();
  turn_away(connection, !listener.contexts);
}

// There is no room for it. It is told so, rather than left waiting for what may never come: a client that knows can go
// elsewhere. Some are given time to see it, by looking at them now and then; in a flood the others are just closed.
void Reactor::turn_away(Connection& connection, bool is_plain) {
  stats_.shed++;
  tell_client_error(connection, http::Refusal::TOO_MANY_CONNECTIONS);
  if (options_.tells_connections) {
    // It is the app's to say why, if anything is said of it.
    notices_.dropped({connection.peer, net::system::local_address(connection.fd.get())});
    turned_away_++;
    return drop(connection);
  }
  // A handshake would cost more than the connection that there is no room for.
  if (++turned_away_ > kMostTurnedAway || !is_plain) return drop(connection);
  connection.stage = Stage::refused;
  connection.input.readable = true;
  uint32_t sequence = connection.unanswered.add(false, false);
  if (observing_) observing_->refuses_head(connection, sequence, http::Refusal::TOO_MANY_CONNECTIONS, {nullptr, 0});
  Reply answer_503 = last_answer(connection.id, sequence, 503);
  answer_503.fields = {kRetryAfter.data(), kRetryAfter.size()};
  answer(connection, answer_503);
  flush_output();
  settle(connection);
}

}  // namespace brink::reactor
