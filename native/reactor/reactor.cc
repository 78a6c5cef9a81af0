#include "reactor/reactor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace brink::reactor {
namespace {

constexpr size_t kMostPolled = 512;
constexpr uint32_t kMostFullWaits = 128;        // in a row, before deadlines are looked at all the same
constexpr uint32_t kMostClientErrorsTold = 50;  // a second
constexpr uint32_t kWakerSlot = 0xffffffff;

}  // namespace

Reactor::Reactor(const Options& options, std::unique_ptr<poller::Poller> poller, BatchSink& sink)
    : options_(options),
      poller_(std::move(poller)),
      sink_(sink),
      events_(options.limits.fields),
      heads_(options.keep_alive_timeout_ms),
      wheel_(net::system::monotonic_ms()),
      polled_(kMostPolled),
      now_ms_(net::system::monotonic_ms()) {}

int Reactor::add_listener(net::Fd listener) {
  ConnectionId id = {kListenerSlots + static_cast<uint32_t>(listeners_.size()), 0};
  if (int error = poller_->add_reader(listener.get(), id.token())) return error;
  listeners_.push_back({std::move(listener), true, true});
  return 0;
}

int Reactor::add_waker(const net::Waker& waker) {
  waker_ = &waker;
  return poller_->add_reader(waker.descriptor(), ConnectionId{kWakerSlot, 0}.token());
}

bool Reactor::turn(int timeout_ms) {
  int count = poller_->wait(polled_.data(), polled_.size(), timeout_ms);
  look_at_clock();
  for (int i = 0; i < count; i++) note(polled_[static_cast<size_t>(i)]);
  accept_waiting();
  // One step for each, so that a client that sends without end waits in line like the others.
  short_of_room_ = false;
  std::swap(ready_, ready_now_);
  for (ConnectionId id : ready_now_) step(id);
  ready_now_.clear();
  // After a stall more may be ready than are told of at a time: nobody's time is over who may have sent in time.
  bool may_have_missed = count == static_cast<int>(polled_.size()) && full_waits_++ < kMostFullWaits;
  if (!may_have_missed) {
    full_waits_ = 0;
    expire_deadlines();
  }
  deliver();  // last, so that it takes along what has just been noted
  give_memory_back();
  return has_work();
}

void Reactor::look_at_clock() {
  now_ms_ = net::system::monotonic_ms();
  heads_.set_time(net::system::wall_clock_seconds());
}

void Reactor::note(const poller::Ready& ready) {
  ConnectionId id = ConnectionId::of(ready.token);
  if (id.slot == kWakerSlot) return waker_->lower();
  if (id.slot >= kListenerSlots) {
    size_t index = id.slot - kListenerSlots;
    if (index < listeners_.size()) listeners_[index].readable = true;
    return;
  }
  Connection* connection = connections_.find(id);
  if (!connection) return;
  // Both ends of a tunnel were said: what there is to read is all that there will be, and it need not be asked for.
  bool is_over = ready.hung_up && connection->stage == Stage::tunnel && connection->outgoing->told_end;
  if (is_over) connection->incoming->credit = kMostCredit;
  // Nobody reads from it now, and nobody can be told anything: there is nothing to wait for, and a poller by levels
  // would tell of it for ever.
  bool nobody_reads = connection->peer_finished || (!may_read(*connection) && connection->stage < Stage::last);
  if (ready.broken && nobody_reads) return drop(*connection);
  connection->broken |= ready.broken && !is_over;
  connection->readable |= ready.readable;
  connection->hung_up |= ready.hung_up;
  if (ready.writable && connection->has_pending()) {
    send_pending(*connection);
    if (connection = connections_.find(id); !connection) return;
  }
  if (ready.readable) push_ready(*connection);
}

void Reactor::push_ready(Connection& connection) {
  if (connection.in_ready_list) return;
  connection.in_ready_list = true;
  ready_.push_back(connection.id);
}

// Room for one more read, or false when JavaScript has all the blocks.
bool Reactor::ensure_room() {
  if (events_.has_block() && !events_.has_room()) deliver();
  if (!events_.has_block()) {
    Block* block = sink_.acquire();
    if (!block) return false;
    events_.begin(block);
  }
  return events_.has_room();
}

void Reactor::step(ConnectionId id) {
  bool has_room = ensure_room();
  Connection* connection = connections_.find(id);
  if (!connection) return;
  connection->in_ready_list = false;
  if (connection->sends_more && !send_rest(*connection)) return;
  if (connection->stage >= Stage::last) return discard_input(*connection);
  if (!may_read(*connection)) return settle(*connection);
  if (!has_room) {
    // JavaScript has all the blocks. The readiness stays noted; a poller by levels need not repeat it meanwhile. That a
    // connection is broken it repeats all the same, and there is nobody left to hear.
    if (connection->broken) return drop(*connection);
    short_of_room_ = true;
    want_reads(*connection, false);
    arm(*connection);
    return push_ready(*connection);
  }
  read(*connection);
}

// A client is not heard while it does not take its answers, sends more requests than are answered, or more of a body
// than the app wants; nor while the app decides whether to go on with HTTP.
bool Reactor::may_read(const Connection& connection) const {
  if (connection.stage >= Stage::last) return false;
  if (connection.pending && connection.pending->size() >= options_.max_pending_output_bytes) return false;
  if (connection.incoming) return wants_body(*connection.incoming);
  return may_take_another(connection);
}

bool Reactor::may_take_another(const Connection& connection) const {
  return connection.stage == Stage::open && !connection.upgrade_offered &&
         connection.unanswered.count() < options_.max_pipelined;
}

void Reactor::read(Connection& connection) {
  size_t kept = connection.parser.kept_bytes();
  char* at = events_.free_bytes() + kept;
  if (connection.parser.has_unread()) {
    connection.parser.restore(at - kept);
    if (connection.stage != Stage::tunnel) return parse(connection, at, 0);
    connection.parser.forget_unread();
    return pass_on(connection, {at - kept, kept});
  }
  if (connection.peer_finished) return settle(connection);
  receive(connection);
}

void Reactor::receive(Connection& connection) {
  size_t kept = connection.parser.kept_bytes();
  char* at = events_.free_bytes() + kept;
  int64_t got = net::system::receive(connection.fd.get(), at, kReadBytes);
  if (got == -EINTR) return push_ready(connection);
  if (got == -EAGAIN || got == -EWOULDBLOCK) {
    connection.readable = false;
    return settle(connection);
  }
  if (got < 0) {
    stats_.resets++;
    return drop(connection);
  }
  if (got == 0) return hear_the_end(connection);
  // A short read means that the socket is drained, and spares the recv that would only say EAGAIN. But an end of the
  // stream may stand behind the bytes, and for that no further edge would come.
  if (static_cast<size_t>(got) < kReadBytes && !connection.hung_up) connection.readable = false;
  stats_.bytes_in += static_cast<uint64_t>(got);
  connection.window_bytes += static_cast<uint32_t>(got);
  if (connection.stage == Stage::tunnel) return pass_on(connection, {at, static_cast<size_t>(got)});
  connection.parser.restore(at - kept);
  parse(connection, at, static_cast<size_t>(got));
}

// What arrives in a tunnel is nobody's but the app's.
void Reactor::pass_on(Connection& connection, net::Slice bytes) {
  events_.used(bytes.size);
  connection.incoming->credit -= static_cast<int64_t>(bytes.size);
  events_.put_body(connection.id, connection.incoming->sequence, bytes, {nullptr, 0}, false);
  settle(connection);
}

// The client sends no more. It may still take its answers; but most that do this have gone away, so the app is told.
void Reactor::hear_the_end(Connection& connection) {
  connection.peer_finished = true;
  connection.readable = false;
  IncomingBody* incoming = connection.incoming.get();
  if (connection.stage == Stage::tunnel) {
    events_.put_body(connection.id, incoming->sequence, {nullptr, 0}, {nullptr, 0}, true);
  } else if (!connection.unanswered.empty()) {
    if (incoming && !incoming->discarded) {
      progress_.push_back({Progress::Kind::body_failed, connection.id, incoming->sequence, http::Refusal::none});
    }
    progress_.push_back({Progress::Kind::half_gone, connection.id, 0, http::Refusal::none});
  }
  settle(connection);
}

void Reactor::parse(Connection& connection, char* at, size_t size) {
  size_t kept = connection.parser.kept_bytes();
  bool was_in_message = connection.parser.in_message();
  uint64_t messages_before = messages_;
  events_.used(kept + size);
  parsing_ = &connection;
  http::Refusal refusal = connection.parser.parse(at, size, scratch_, *this);
  parsing_ = nullptr;
  if (!was_in_message || messages_ != messages_before) connection.message_began_ms = now_ms_;
  if (refusal != http::Refusal::none) return refuse(connection, refusal);
  const IncomingBody* incoming = connection.incoming.get();
  if (incoming && incoming->discarded_bytes > kMostForgotten)
    connection.stage = std::max(connection.stage, Stage::refused);
  // Fixed answers were framed.
  if (output_of_.token() == connection.id.token()) return flush_output();
  settle(connection);
}

// Called by the parser, within parse().
bool Reactor::on_request(const http::Request& request) {
  Connection& connection = *parsing_;
  uint32_t sequence = connection.unanswered.add(request.head.method == HTTP_HEAD, request.head.http_1_0);
  bool is_last = !request.head.keep_alive || (options_.max_requests_per_connection > 0 &&
                                              connection.unanswered.total() >= options_.max_requests_per_connection);
  bool is_offered = options_.takes_upgrades && request.head.offers_upgrade && !is_last;
  // What follows CONNECT is for the other end of its tunnel, and no request (RFC 9110, 9.3.6).
  is_last |= request.head.method == HTTP_CONNECT && !is_offered;
  if (request.complete && !fixed_.empty() && !is_offered) {
    if (is_last) connection.stage = Stage::last;
    if (answer_fixed(connection, sequence, request)) {
      messages_++;
      stats_.requests++;
      return may_take_another(connection) && events_.has_room_for_request() && output_.size() < kMostFramed;
    }
  }
  connection.upgrade_offered = is_offered;
  events_.put_request(connection.id, sequence, connection.peer, request, connection.upgrade_offered);
  if (!request.complete) {
    connection.incoming = std::make_unique<IncomingBody>();
    connection.incoming->sequence = sequence;
    connection.incoming->closes_after = is_last;
    connection.incoming->credit -= static_cast<int64_t>(request.body.size);
    return true;
  }
  messages_++;
  stats_.requests++;
  if (is_last) connection.stage = Stage::last;
  return may_take_another(connection) && events_.has_room_for_request();
}

// The same.
bool Reactor::on_body(net::Slice bytes, net::Slice trailers, bool is_last) {
  Connection& connection = *parsing_;
  IncomingBody& incoming = *connection.incoming;
  if (incoming.discarded) {
    incoming.discarded_bytes += bytes.size;
  } else {
    incoming.credit -= static_cast<int64_t>(bytes.size);
    events_.put_body(connection.id, incoming.sequence, bytes, trailers, is_last);
  }
  if (!is_last) return true;
  messages_++;
  if (!incoming.answered) stats_.requests++;
  if (incoming.closes_after) connection.stage = Stage::last;
  connection.incoming.reset();
  return may_take_another(connection) && events_.has_room_for_request();
}

// A request that cannot be taken: its answer stands in line behind those of the requests before it, and then the
// connection ends, for what follows cannot be told apart from it. If the app has its head, it is told.
void Reactor::refuse(Connection& connection, http::Refusal refusal) {
  stats_.refusals[static_cast<size_t>(refusal)]++;
  note_client_error(connection, refusal);
  ConnectionId id = connection.id;
  connection.stage = Stage::refused;
  uint32_t sequence;
  if (connection.incoming) {
    sequence = connection.incoming->sequence;
    if (!connection.incoming->discarded) {
      progress_.push_back({Progress::Kind::body_failed, id, sequence, refusal});
    }
    connection.incoming.reset();
  } else {
    if (connection.unanswered.count() >= Unanswered::kMost) return drop(connection);
    sequence = connection.unanswered.add(connection.parser.asks_for_head(), false);
  }
  answer(connection, last_answer(id, sequence, http::status_of(refusal)));
  flush_output();
  if (Connection* still = connections_.find(id)) settle(*still);
}

// What comes from a client that nobody listens to any more is read and forgotten: closing with input unread would make
// the kernel send a reset, and that may overtake the answer.
void Reactor::discard_input(Connection& connection) {
  if (connection.peer_finished) connection.readable = false;
  if (!connection.readable) return settle(connection);
  char forgotten[16 * 1024];
  for (int rounds = 0; rounds < 8; rounds++) {
    int64_t got = net::system::receive(connection.fd.get(), forgotten, sizeof forgotten);
    if (got == -EINTR) continue;
    if (got == -EAGAIN || got == -EWOULDBLOCK) {
      connection.readable = false;
      return settle(connection);
    }
    if (got <= 0) {
      connection.readable = false;
      if (got < 0 || connection.stage == Stage::lingering) return drop(connection);
      return hear_the_end(connection);
    }
    stats_.bytes_in += static_cast<uint64_t>(got);
  }
  push_ready(connection);
}

void Reactor::deliver() {
  put_small_events();
  if (!events_.has_block()) return;
  // What was read became no event yet, and whoever needs it has a copy: the block is as good as new.
  if (events_.events() == 0) return events_.start_over();
  if (!sink_.takes_batches()) return;
  stats_.batches++;
  sink_.deliver(events_.take());
}

// Told to JavaScript, but so that a flood of bad clients does not become a flood of events.
void Reactor::note_client_error(const Connection& connection, http::Refusal refusal) {
  if (!options_.tells_client_errors) return;
  if (now_ms_ - client_errors_since_ms_ >= 1000) {
    client_errors_since_ms_ = now_ms_;
    client_errors_told_ = 0;
  }
  if (client_errors_told_ >= kMostClientErrorsTold) {
    client_errors_untold_++;
    return;
  }
  client_errors_told_++;
  client_errors_.push_back({refusal, connection.peer, std::exchange(client_errors_untold_, 0)});
}

void Reactor::put_small_events() {
  if (!has_small_events()) return;
  if (!events_.has_block()) {
    Block* block = sink_.acquire();
    if (!block) {
      short_of_room_ = true;
      return;
    }
    events_.begin(block);
  }
  if (notice_is_due_ && events_.has_room_for_small_event()) {
    notice_is_due_ = false;
    events_.put_notice(layout::kNoticePollerFull);
  }
  size_t told = 0;
  for (; told < client_errors_.size() && events_.has_room_for_small_event(); told++) {
    events_.put_client_error(client_errors_[told]);
  }
  client_errors_.erase(client_errors_.begin(), client_errors_.begin() + static_cast<ptrdiff_t>(told));
  told = 0;
  for (; told < progress_.size() && events_.has_room_for_small_event(); told++) events_.put_progress(progress_[told]);
  progress_.erase(progress_.begin(), progress_.begin() + static_cast<ptrdiff_t>(told));
  short_of_room_ |= has_small_events();
}

void Reactor::resume() {
  short_of_room_ = false;
  deliver();
}

// After anything that happened to a connection: what is it waiting for now?
void Reactor::settle(Connection& connection) {
  ConnectionId id = connection.id;
  if (connection.stage == Stage::open && connection.parser.in_body()) {
    offer_continue(connection);
    if (!connections_.find(id)) return;
  }
  tell_drained(connection);
  if (connection.stage == Stage::tunnel && ends_tunnel(connection)) return drop(connection);
  bool reads = may_read(connection);
  // It broke while it was read, and now nobody wants the rest.
  if (connection.broken && !reads && connection.stage < Stage::last) return drop(connection);
  bool has_unread = connection.stage <= Stage::tunnel && connection.parser.has_unread();
  bool says_nothing_more = connection.unanswered.empty() && !connection.has_pending();
  if (connection.own_deadlines) forget_deadlines(connection);
  bool is_between_requests = !connection.parser.in_message() || (connection.incoming && connection.incoming->discarded);
  bool hears_nothing_more = connection.stage != Stage::open || (connection.peer_finished && !has_unread) ||
                            (draining_ && is_between_requests && !connection.readable && !has_unread);
  if (says_nothing_more && hears_nothing_more && connection.stage != Stage::lingering) return end(connection);
  bool wants_reads = (reads || connection.stage >= Stage::last) && !connection.peer_finished;
  if (connection.sends_more || (wants_reads && connection.readable) || (reads && has_unread)) push_ready(connection);
  want_reads(connection, wants_reads);
  want_writes(connection, connection.has_pending());
  arm(connection);
}

// What the app said last is followed by an end of the stream. With both ends there, nothing is left of the tunnel.
bool Reactor::ends_tunnel(Connection& connection) {
  OutgoingBody& outgoing = *connection.outgoing;
  if (!outgoing.ended || connection.has_pending()) return false;
  bool is_told = std::exchange(outgoing.told_end, true);
  if (!is_told && net::system::shutdown_sending(connection.fd.get()) != 0) return true;
  return connection.peer_finished;
}

void Reactor::want_reads(Connection& connection, bool wanted) {
  if (wanted == connection.reads_wanted || !connection.polled) return;
  connection.reads_wanted = wanted;
  poller_->read_interest(connection.fd.get(), wanted);
}

void Reactor::want_writes(Connection& connection, bool wanted) {
  if (wanted == connection.writes_wanted || !connection.polled) return;
  connection.writes_wanted = wanted;
  poller_->write_interest(connection.fd.get(), wanted);
}

// What is in the output is the last that is said: the end may leave with it, in one segment.
bool Reactor::ends_behind_output(const Connection& connection) {
  bool is_closing = connection.stage >= Stage::last && connection.stage != Stage::lingering;
  return is_closing && connection.unanswered.empty() && !connection.outgoing;
}

// Everything was said. A client that may still be sending is told the end and given time to see it. Others are told,
// too: close() alone, upon input that nobody has noticed, would throw away what waits to leave with the end.
void Reactor::end(Connection& connection) {
  if (connection.peer_finished) return drop(connection);
  bool may_be_sending = connection.stage == Stage::refused || connection.readable || connection.parser.in_message();
  if (net::system::shutdown_sending(connection.fd.get()) != 0 || !may_be_sending) return drop(connection);
  connection.stage = Stage::lingering;
  connection.deadline_kind = Deadline::none;
  settle(connection);
}

void Reactor::drop(Connection& connection) {
  if (!connection.unanswered.empty()) {
    progress_.push_back({Progress::Kind::gone, connection.id, 0, http::Refusal::none});
  }
  wheel_.clear(connection.deadline);
  if (connection.polled) {
    poller_->remove(connection.fd.get());
  } else {
    turned_away_--;
  }
  connections_.remove(connection.id);
  // A descriptor is free again: whoever waits to be accepted need not wait longer.
  accept_again_ms_ = 0;
}

int64_t Reactor::next_deadline_ms() const {
  int64_t next = wheel_.next_check_ms(now_ms_);
  bool accepts_again = std::any_of(listeners_.begin(), listeners_.end(), [](const Listener& l) { return l.readable; });
  if (!accepts_again) return next;
  int64_t again = accept_again_ms_ > now_ms_ ? static_cast<int64_t>(accept_again_ms_ - now_ms_) : 0;
  return next < 0 ? again : std::min(next, again);
}

void Reactor::drain() {
  draining_ = true;
  for (Listener& listener : listeners_) poller_->remove(listener.fd.get());
  listeners_.clear();
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    Connection* connection = connections_.at_slot(slot);
    if (!connection) continue;
    // What has arrived before is still answered: one more look at the socket.
    connection->readable = true;
    push_ready(*connection);
  }
}

void Reactor::cut() {
  drain();
  for (uint32_t slot = 0; slot < connections_.slots(); slot++) {
    if (Connection* connection = connections_.at_slot(slot)) drop(*connection);
  }
}

// What a crowd has needed is not kept when it has left.
void Reactor::give_memory_back() {
  constexpr size_t kCrowd = 1024;
  most_open_ = std::max(most_open_, connections_.open());
  if (most_open_ < kCrowd || connections_.open() > most_open_ / 8) return;
  most_open_ = connections_.open();
  ready_.shrink_to_fit();
  ready_now_.shrink_to_fit();
  net::system::release_free_memory();
}

Stats Reactor::stats() const {
  Stats now = stats_;
  now.open = connections_.open();
  return now;
}

}  // namespace brink::reactor
