// The reactor's part for connections with TLS: handshakes, what is opened and what is sealed. Everything above the
// socket sees plaintext.
#include <algorithm>
#include <cstring>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

constexpr std::string_view kSpeaksHttps = "This port speaks HTTPS.";
// More of a certificate is not told: it would not fit into a block beside what is read.
constexpr size_t kMostOfFacts = 60 * 1024;

// A handshake begins with 0x16, and a request with the letters of its method.
bool begins_request(char first) { return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'); }

}  // namespace

// Nothing is allocated but this before the first byte comes.
void Reactor::await_handshake(Connection& connection, const std::shared_ptr<const tls::Contexts>& contexts) {
  connection.tls = contexts->make_session(contexts, *sealing_->wire);
  connection.stage = Stage::handshake;
  connection.since.message_ms = now_ms_;
}

void Reactor::change_contexts(const std::shared_ptr<const tls::Contexts>& from,
                              const std::shared_ptr<const tls::Contexts>& to) {
  for (Listener& listener : listeners_) {
    if (listener.contexts == from) listener.contexts = to;
  }
}

void Reactor::receive_sealed(Connection& connection, char* at) {
  tls::Session& session = *connection.tls;
  if (session.peer_has_ended()) return hear_the_end(connection);
  bool is_handshake = connection.stage == Stage::handshake;
  // The others have their turn first.
  if (is_handshake && sealing_->steps_left == 0) return push_ready(connection);
  int64_t got = receive_bytes(connection, sealing_->received.get(), tls::kMostReceived);
  if (got < 0) return;
  if (got == 0) {
    if (is_handshake && session.has_begun()) {
      tell_client_error(connection, http::Refusal::TLS_HANDSHAKE_FAILED, "the client has closed the connection");
    }
    return hear_the_end(connection);
  }
  open_received(connection, at, static_cast<size_t>(got));
}

// What is in the reactor's buffer becomes plaintext in the block, if it holds any.
void Reactor::open_received(Connection& connection, char* at, size_t size) {
  tls::Session& session = *connection.tls;
  net::Slice sealed = {sealing_->received.get(), size};
  if (!session.has_begun()) {
    if (begins_request(sealed.data[0])) return refuse_plain_http(connection);
    if (!session.begin()) return drop(connection);
  }
  bool is_handshake = connection.stage == Stage::handshake;
  if (is_handshake && sealing_->steps_left > 0) sealing_->steps_left--;
  net::ByteBuffer& output = sealing_->room.sealed;
  output.clear();
  size_t bytes = session.open(sealed, at, kReadBytes, output);
  if (session.is_broken()) return end_broken_session(connection, output.slice());
  bool is_done = is_handshake && session.is_open();
  if (is_done) at += finish_handshake(connection, at, bytes);
  if (is_done && bytes > 0) {
    // Tickets leave with the first answer, if there is one in this turn.
    sealing_->held.push_back({connection.id, {output.slice().data, output.size()}});
  } else if (!output.empty()) {
    send_from_room(connection, false);
    if (connection.has_ended()) return;
  }
  // Its end is heard in its turn, when what stands before it has been taken.
  if (session.peer_has_ended()) connection.input.readable = true;
  if (bytes == 0) return settle(connection);
  take_in(connection, at, bytes);
}

// RFC 6066, 11.1: a certificate that was asked for under one name opens nothing under another.
const http::HostRule* Reactor::host_rule_of(const Connection& connection) {
  if (!connection.tls->judges_hosts()) return nullptr;
  sealing_->hosts.session = connection.tls.get();
  return &sealing_->hosts;
}

// The app is told what was agreed on, before the first request. By how much the plaintext has moved.
size_t Reactor::finish_handshake(Connection& connection, char* at, size_t bytes) {
  connection.stage = Stage::open;
  connection.since.idle_ms = now_ms_;
  tls::Facts facts = connection.tls->facts();
  stats_.handshakes++;
  if (facts.is_resumed) stats_.resumed++;
  std::string text = facts.version + '\0' + facts.cipher + '\0' + facts.server_name + '\0' + facts.why_not_authorized;
  if (facts.certificate.size() + text.size() > kMostOfFacts) facts.certificate.clear();
  size_t size = text.size() + facts.certificate.size();
  std::memmove(at + size, at, bytes);
  events_.put_secured(connection.id, facts.is_resumed, facts.is_authorized, {text.data(), text.size()},
                      {facts.certificate.data(), facts.certificate.size()});
  return size;
}

// No session begins, and it is told so in the only way that it understands.
void Reactor::refuse_plain_http(Connection& connection) {
  connection.tls.reset();
  tell_client_error(connection, http::Refusal::PLAIN_HTTP);
  connection.stage = Stage::refused;
  uint32_t sequence = connection.unanswered.add(false, false);
  if (observing_) observing_->refuses_head(connection, sequence, http::Refusal::PLAIN_HTTP, {nullptr, 0});
  Reply said = last_answer(connection.id, sequence, 400);
  said.body = {kSpeaksHttps.data(), kSpeaksHttps.size()};
  said.body_length = kSpeaksHttps.size();
  answer(connection, said);
  flush_output();
  settle(connection);
}

// The alert that says why is the last that can be said: answers cannot be sealed any more.
void Reactor::end_broken_session(Connection& connection, net::Slice alert) {
  tls::Session& session = *connection.tls;
  bool is_handshake = connection.stage == Stage::handshake;
  tell_client_error(connection, is_handshake ? http::Refusal::TLS_HANDSHAKE_FAILED : http::Refusal::TLS_BROKEN,
                    sealing_->wire->reason);
  session.say_no_end();
  connection.is_ended_by(Cause::server);
  if (const IncomingBody* incoming = connection.incoming()) {
    if (!incoming->discarded) notices_.body_failed(connection.id, incoming->sequence, http::Refusal::TLS_BROKEN);
    connection.forget_incoming();
  }
  if (connection.has_pending()) return break_off(connection);
  drop_unanswered(connection);
  connection.stage = Stage::refused;
  if (alert.size > 0) send_from_room(connection, true);
  settle(connection);
}

// Sends what is in the room for sealed bytes, and keeps what the socket does not take. `plain`: so much of an answer it
// is.
void Reactor::send_from_room(Connection& connection, bool end_follows, size_t plain) {
  net::Slice sealed = sealing_->room.sealed.slice();
  if (sealed.size == 0) return;
  if (connection.has_pending()) return connection.output.pending->append_sealed(sealed, plain);
  connection.since.progress_ms = now_ms_;
  connection.window.restart(now_ms_);
  int64_t sent = net::send_some(connection.fd.get(), sealed, end_follows, stats_.sends);
  if (sent < 0) {
    stats_.resets++;
    return drop_broken(connection);
  }
  stats_.bytes_out += static_cast<uint64_t>(sent);
  size_t taken = static_cast<size_t>(sent);
  if (taken == sealed.size) {
    connection.bytes_sent += plain;
    return;
  }
  stats_.partial_writes++;
  connection.output.with_pending().append_sealed({sealed.data + taken, sealed.size - taken}, plain);
}

void Reactor::send_plain(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows) {
  tls::Session& session = *connection.tls;
  // Before the handshake is over nothing can be said.
  if (!session.is_open()) return;
  if (connection.has_pending()) {
    connection.output.pending->append(bytes);
    connection.output.pending->append(std::move(body));
    return;
  }
  net::ByteBuffer& sealed = sealing_->begin_output(connection.id);
  if (body.is_given() || bytes.size > net::kMostSealedAtOnce) {
    connection.since.progress_ms = now_ms_;
    connection.window.restart(now_ms_);
    net::PendingOutput& pending = connection.output.with_pending();
    if (!sealed.empty()) pending.append_sealed(sealed.slice());
    pending.append(bytes);
    pending.append(std::move(body));
    if (send_rest(connection) && connection.has_pending()) stats_.partial_writes++;
    return;
  }
  if (!session.seal(bytes, sealed)) return break_off(connection);
  if (end_follows && session.may_say_end()) session.say_end(sealed);
  send_from_room(connection, end_follows, bytes.size);
}

net::PendingOutput::Sent Reactor::send_rest_sealed(Connection& connection) {
  tls::Session& session = *connection.tls;
  net::PendingOutput& pending = *connection.output.pending;
  if (sealing_->held_of(connection.id)) pending.append_sealed(sealing_->begin_output(connection.id).slice());
  return pending.seal_to(connection.fd.get(), session, sealing_->room, stats_.sends);
}

// Tells the client that nothing follows (close_notify). True when it is on its way, or nothing can be told.
bool Reactor::say_end_of_session(Connection& connection) {
  tls::Session& session = *connection.tls;
  if (!session.may_say_end()) return true;
  net::ByteBuffer& sealed = sealing_->begin_output(connection.id);
  session.say_end(sealed);
  send_from_room(connection, true);
  return !connection.has_ended() && !connection.has_pending();
}

// The same for a connection that is closed now, as far as the socket takes it. An answer that is not whole has no end.
void Reactor::say_end_at_once(Connection& connection) {
  tls::Session& session = *connection.tls;
  bool is_cut_short = connection.has_pending() || connection.due_answer();
  if (!session.may_say_end() || is_cut_short || connection.input.broken) return;
  net::ByteBuffer& sealed = sealing_->begin_output(connection.id);
  session.say_end(sealed);
  net::Slice bytes = sealed.slice();
  if (bytes.size == 0) return;
  stats_.sends.all++;
  net::system::send(connection.fd.get(), &bytes, 1, true);
}

// For those whose answer did not come within the turn.
void Reactor::end_turn_of_sealing() {
  sealing_->steps_left = Sealing::kMostStepsAtOnce;
  if (sealing_->held.empty()) return;
  for (size_t i = 0; i < sealing_->held.size(); i++) {
    Connection* connection = connections_.find(sealing_->held[i].id);
    if (!connection || sealing_->held[i].output.empty()) continue;
    sealing_->begin_output(connection->id);
    send_from_room(*connection, false);
    settle(*connection);
  }
  sealing_->held.clear();
}

}  // namespace brink::reactor
