#include "reactor/reactor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace brink::reactor {
namespace {

constexpr size_t kMostPolled = 512;
constexpr uint32_t kMostFullWaits = 128;  // in a row, before deadlines are looked at all the same
// Of fixed answers so much is framed before it is sent, and the next requests are looked at.
constexpr size_t kMostFramed = 256 * 1024;

// A record of TLS, where nobody expects one. To an app that judges by itself it is a method that there is not.
[[gnu::noinline, gnu::cold]] bool is_handshake(const Connection& connection, http::Refusal refusal, net::Slice bytes) {
  constexpr char kHandshakeRecord = 0x16;
  return refusal == http::Refusal::INVALID_METHOD && connection.unanswered.total() == 0 && bytes.size > 0 &&
         bytes.data[0] == kHandshakeRecord;
}

}  // namespace

Reactor::Reactor(const Options& options, std::unique_ptr<poller::Poller> poller, BatchSink& sink)
    : options_(options),
      secure_limits_(options.limits),
      poller_(std::move(poller)),
      sink_(sink),
      events_(options.limits.fields),
      heads_(options.keep_alive_timeout_ms == kNoTimeout ? 0 : options.keep_alive_timeout_ms),
      wheel_(net::system::monotonic_ms()),
      polled_(kMostPolled),
      now_ms_(net::system::monotonic_ms()),
      now_us_(now_ms_ * 1000) {
  secure_limits_.is_secure = true;
  heads_.set_time(net::system::wall_clock_seconds());
  if (options.log) observe(options.log);
  if (options.metrics) measure(options.metrics);
  if (options.measurements) measure(options.measurements);
}

void Reactor::observe(std::shared_ptr<RequestLog> log) {
  observing_ = std::make_unique<Observing>(*this, std::move(log));
  requests_ = observing_.get();
}

void Reactor::measure(std::shared_ptr<Metrics> metrics) {
  if (!observing_) observe(nullptr);
  observing_->measure(std::move(metrics));
}

void Reactor::measure(std::shared_ptr<Measurements> measurements) {
  if (!observing_) observe(nullptr);
  observing_->measure(std::move(measurements));
}

int Reactor::add_listener(net::Fd listener, bool shared, ProxyHeaders proxy_headers,
                          std::shared_ptr<const tls::Contexts> contexts) {
  if (contexts && !sealing_) {
    sealing_ = std::make_unique<Sealing>();
    sealing_->wire = contexts->make_wire();
    if (!sealing_->wire) return -ENOMEM;
  }
  ConnectionId id = {kListenerSlots + static_cast<uint32_t>(listeners_.size()), 0};
  int error =
      shared ? poller_->add_shared_reader(listener.get(), id.token()) : poller_->add_reader(listener.get(), id.token());
  if (error != 0) return error;
  bool is_plain = proxy_headers == ProxyHeaders::off && !contexts;
  const http::Limits* limits = contexts ? &secure_limits_ : &options_.limits;
  listeners_.push_back({std::move(listener), shared, proxy_headers, true, true, std::move(contexts), limits, is_plain});
  return 0;
}

int Reactor::add_waker(const net::Waker& waker) {
  waker_ = &waker;
  return poller_->add_reader(waker.descriptor(), ConnectionId{kWakerSlot, 0}.token());
}

bool Reactor::turn(int timeout_ms) {
  int count = poller_->wait(polled_.data(), polled_.size(), timeout_ms);
  stats_.waits++;
  in_turn_ = true;
  look_at_clock();
  for (int i = 0; i < count; i++) note(polled_[static_cast<size_t>(i)]);
  accept_waiting();
  if (options_.tells_connections) put_notices();
  // One step for each, so that a client that sends without end waits in line like the others.
  short_of_room_ = has_rest_to_send_ = false;
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
  if (sealing_) end_turn_of_sealing();
  in_turn_ = false;
  give_memory_back();
  return has_work();
}

void Reactor::look_at_clock() {
  now_us_ = net::system::monotonic_us();
  uint64_t now_ms = now_us_ / 1000;
  // The date is that of the same millisecond.
  if (now_ms == now_ms_) return;
  now_ms_ = now_ms;
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
  Input& input = connection->input;
  // Both ends of a tunnel were said: what there is to read is all that there will be, and it need not be asked for.
  bool is_over = ready.hung_up && connection->stage == Stage::tunnel && connection->due_answer()->told_end;
  if (is_over) connection->incoming()->credit = IncomingBody::kMostCredit;
  // Nobody reads from it now, and nobody can be told anything: there is nothing to wait for, and a poller by levels
  // would tell of it for ever.
  if (ready.broken && (input.finished || (connection->stage < Stage::last && !connection->may_read(options_)))) {
    return drop_broken(*connection);
  }
  if (ready.hung_up && !input.hung_up) connection->since.closed_ms = now_ms_;
  input.broken |= ready.broken && !is_over;
  input.readable |= ready.readable;
  input.hung_up |= ready.hung_up;
  input.urgent |= ready.urgent;
  if (ready.writable && connection->has_pending()) {
    if (!send_rest(*connection)) return;
    settle(*connection);
    if (connection->has_ended()) return;
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
    // Of a connection nothing is told before that it is there.
    if (options_.tells_connections) notices_.put_into(events_);
  }
  return events_.has_room();
}

void Reactor::step(ConnectionId id) {
  bool has_room = ensure_room();
  Connection* found = connections_.find(id);
  if (!found) return;
  Connection& connection = *found;
  connection.in_ready_list = false;
  if (connection.output.takes_more && !send_rest(connection)) return;
  if (connection.stage >= Stage::last) return discard_input(connection);
  if (!connection.may_read(options_)) return settle(connection);
  if (has_room) return read(connection);
  // JavaScript has all the blocks. The readiness stays noted; a poller by levels need not repeat it meanwhile. That a
  // connection is broken it repeats all the same, and there is nobody left to hear.
  if (connection.input.broken) return drop_broken(connection);
  short_of_room_ = true;
  has_rest_to_send_ |= connection.output.takes_more;
  want_reads(connection, false);
  arm(connection, true);
  push_ready(connection);
}

void Reactor::read(Connection& connection) {
  size_t kept = connection.parser.kept_bytes();
  char* at = events_.free_bytes() + kept;
  if (connection.parser.has_unread()) {
    connection.parser.restore(at - kept);
    read_us_ = connection.since.first_byte_us;
    if (connection.stage != Stage::tunnel) return parse(connection, at, 0);
    connection.parser.forget_unread();
    return pass_on(connection, {at - kept, kept});
  }
  if (connection.input.finished) return settle(connection);
  receive(connection);
}

void Reactor::receive(Connection& connection) {
  char* at = events_.free_bytes() + connection.parser.kept_bytes();
  if (connection.is_sealed()) return receive_sealed(connection, at);
  int64_t got = receive_bytes(connection, at, kReadBytes);
  if (got == 0) return hear_the_end(connection);
  if (got > 0) take_in(connection, at, static_cast<size_t>(got));
}

// How many bytes have come; 0 at the end of the stream, and less than 0 when the connection has nothing to be taken in.
int64_t Reactor::receive_bytes(Connection& connection, char* at, size_t size) {
  int64_t got = net::system::receive(connection.fd.get(), at, size);
  stats_.receives++;
  if (got <= 0) {
    if (got == -EINTR) {
      push_ready(connection);
    } else if (got == -EAGAIN || got == -EWOULDBLOCK) {
      stats_.empty_receives++;
      connection.input.readable = connection.input.urgent = false;
      settle(connection);
    } else if (got < 0) {
      stats_.resets++;
      drop_broken(connection);
    }
    return got;
  }
  // A short read means that the socket is drained, and spares the recv that would only say EAGAIN.
  if (static_cast<size_t>(got) < size && connection.input.short_read_drains()) connection.input.readable = false;
  stats_.bytes_in += static_cast<uint64_t>(got);
  read_us_ = now_us_;
  return got;
}

// What has been received is in the block.
void Reactor::take_in(Connection& connection, char* at, size_t size) {
  // While output is pending, the window is that of what is taken.
  if (!connection.has_pending()) connection.window.bytes += static_cast<uint32_t>(size);
  if (connection.stage != Stage::open) {
    if (connection.stage == Stage::announced) return hear_proxy(connection, at, size);
    return pass_on(connection, {at, size});
  }
  connection.parser.restore(events_.free_bytes());
  parse(connection, at, size);
}

// What arrives in a tunnel is nobody's but the app's.
void Reactor::pass_on(Connection& connection, net::Slice bytes) {
  events_.used(bytes.size);
  if (observing_) observing_->hears_in_tunnel(connection, bytes.size);
  IncomingBody& incoming = *connection.incoming();
  incoming.credit -= static_cast<int64_t>(bytes.size);
  events_.put_body(connection.id, incoming.sequence, bytes, {nullptr, 0}, false);
  settle(connection);
}

// The client sends no more. It may still take its answers; but most that do this have gone away, so the app is told.
void Reactor::hear_the_end(Connection& connection) {
  if (!connection.input.hung_up) connection.since.closed_ms = now_ms_;
  connection.input.finished = true;
  connection.input.readable = false;
  IncomingBody* incoming = connection.incoming();
  if (connection.stage == Stage::tunnel) {
    events_.put_body(connection.id, incoming->sequence, {nullptr, 0}, {nullptr, 0}, true);
  } else if (!connection.unanswered.empty()) {
    if (incoming && !incoming->discarded) {
      notices_.body_failed(connection.id, incoming->sequence, http::Refusal::none);
    }
    notices_.half_gone(connection.id);
  }
  bool is_torn = connection.stage == Stage::open && connection.parser.in_message();
  if (!options_.asks_about_refusals || !is_torn) return settle(connection);
  connection.forget_incoming();
  ask_about_refusal(connection, http::Refusal::none, {nullptr, 0});
}

void Reactor::parse(Connection& connection, char* at, size_t size) {
  size_t kept = connection.parser.kept_bytes();
  if (!connection.parser.in_message()) {
    connection.since.message_ms = now_ms_;
    connection.since.first_byte_us = read_us_;
  }
  events_.used(kept + size);
  parsing_ = &connection;
  scratch_.host_rule = connection.is_sealed() ? host_rule_of(connection) : nullptr;
  http::Refusal refusal = connection.parser.parse(at, size, scratch_, *requests_);
  parsing_ = nullptr;
  if (refusal != http::Refusal::none) {
    bool is_judged_here = !options_.asks_about_refusals && !connection.tls;
    if (is_judged_here && is_handshake(connection, refusal, {at, size})) refusal = http::Refusal::TLS_ON_PLAIN_PORT;
    return refuse(connection, refusal, {at - kept, kept + size});
  }
  const IncomingBody* incoming = connection.incoming();
  if (incoming && incoming->discarded_bytes > IncomingBody::kMostDiscarded) {
    connection.stage = std::max(connection.stage, Stage::refused);
  }
  // Fixed answers were framed.
  if (output_of_ == &connection) return flush_output();
  settle(connection);
}

// Called by the parser, within parse().
bool Reactor::on_request(const http::Request& request) {
  Connection& connection = *parsing_;
  uint32_t sequence = connection.unanswered.add(request.head.method == HTTP_HEAD, request.head.http_1_0);
  bool is_last = !request.head.keep_alive || (options_.max_requests_per_connection > 0 &&
                                              connection.unanswered.total() >= options_.max_requests_per_connection);
  bool is_offered =
      options_.takes_upgrades && request.head.offers_upgrade && (!is_last || options_.limits.left_to_app.upgrades);
  // What follows CONNECT is for the other end of its tunnel, and no request (RFC 9110, 9.3.6).
  is_last |= request.head.method == HTTP_CONNECT && !is_offered;
  if (request.complete && !fixed_.empty() && !is_offered) {
    if (is_last) connection.stage = Stage::last;
    if (answer_fixed(connection, sequence, request)) {
      connection.since.message_ms = now_ms_;
      stats_.requests++;
      return connection.may_take_request(options_) && events_.has_room_for_request() && output_.size() < kMostFramed;
    }
  }
  bool offer_is_last =
      is_offered && options_.limits.left_to_app.upgrades && (is_last || request.head.method == HTTP_CONNECT);
  if (is_offered) {
    Rare& rare = connection.with_rare();
    rare.upgrade_offered = true;
    rare.offer_is_last = offer_is_last;
  }
  events_.put_request(connection.id, sequence, connection.peer, request, is_offered);
  if (connection.had_opening()) put_opening(connection, request.head.fields.size());
  if (!request.complete) {
    IncomingBody& incoming = connection.with_rare().incoming.emplace(sequence);
    incoming.closes_after = is_last || offer_is_last;
    if (is_offered) incoming.credit = 0;
    incoming.credit -= static_cast<int64_t>(request.body.size);
    incoming.bytes = request.head_bytes.size + request.body.size;
    connection.window.restart(now_ms_);
    return true;
  }
  connection.since.message_ms = now_ms_;  // what follows is the next one's
  stats_.requests++;
  if (is_last && !is_offered) connection.stage = Stage::last;
  uint64_t bytes = request.head_bytes.size + request.body.size;
  if (bytes >= PendingInput::kLeastCounted) count_pending_input(connection, sequence, bytes);
  return connection.may_take_request(options_) && events_.has_room_for_request();
}

// What came before the first request, to the request that was put last.
void Reactor::put_opening(const Connection& connection, size_t fields) {
  if (connection.tls) events_.put_secure(fields);
  const Announced* announced = connection.announced();
  if (!announced) return;
  announced->has_client ? events_.put_client(announced->client, connection.peer, fields)
                        : events_.put_unknown_client(fields);
}

// Called by the parser as well.
bool Reactor::on_body(net::Slice bytes, net::Slice trailers, bool is_last) {
  Connection& connection = *parsing_;
  IncomingBody& incoming = *connection.incoming();
  if (incoming.discarded) {
    incoming.discarded_bytes += bytes.size;
  } else {
    incoming.credit -= static_cast<int64_t>(bytes.size);
    incoming.bytes += bytes.size;
    events_.put_body(connection.id, incoming.sequence, bytes, trailers, is_last);
  }
  if (!is_last) return true;
  connection.since.message_ms = now_ms_;
  if (!incoming.answered) {
    stats_.requests++;
    if (incoming.bytes >= PendingInput::kLeastCounted) {
      count_pending_input(connection, incoming.sequence, incoming.bytes);
    }
  }
  if (incoming.closes_after) connection.stage = Stage::last;
  connection.forget_incoming();
  return connection.may_take_request(options_) && events_.has_room_for_request();
}

void Reactor::count_pending_input(Connection& connection, uint32_t sequence, uint64_t bytes) {
  std::optional<PendingInput>& pending = connection.with_rare().pending_input;
  if (!pending) pending.emplace();
  pending->add(sequence, bytes);
}

void Reactor::deliver() {
  put_notices();
  if (!events_.has_block()) return;
  // What was read became no event yet, and whoever needs it has a copy: the block is as good as new.
  if (events_.events() == 0) return events_.start_over();
  if (!sink_.takes_batches()) return;
  // What found no room in this block has it in the next one, if there is one: the next turn sees.
  short_of_room_ = false;
  stats_.batches++;
  if (observing_) observing_->batch_is_delivered();
  sink_.deliver(events_.take());
}

void Reactor::put_notices() {
  if (notices_.empty()) return;
  if (!events_.has_block()) {
    Block* block = sink_.acquire();
    if (!block) {
      short_of_room_ = true;
      return;
    }
    events_.begin(block);
  }
  notices_.put_into(events_);
  short_of_room_ |= !notices_.empty();
}

void Reactor::resume() {
  short_of_room_ = false;
  deliver();
}

// After anything that happened to a connection: what is it waiting for now?
void Reactor::settle(Connection& connection) {
  if (connection.has_ended()) return;
  if (!connection.answers.empty()) tell_drained(connection);
  if (connection.rare && !settle_rare(connection)) return;
  bool reads = connection.may_read(options_);
  // It broke while it was read, and now nobody wants the rest.
  if (connection.input.broken && !reads && connection.stage < Stage::last) return drop_broken(connection);
  bool has_unread = connection.stage <= Stage::tunnel && connection.parser.has_unread();
  bool has_said_all = connection.unanswered.empty() && !connection.has_pending();
  if (has_said_all && !has_unread && hears_no_more(connection)) return end(connection);
  bool wants_reads = (reads || connection.stage >= Stage::last) && !connection.input.finished;
  bool has_use_for_input = (wants_reads && connection.input.readable) || (reads && has_unread);
  if (connection.output.takes_more || has_use_for_input) push_ready(connection);
  // That needs no room for what is read.
  has_rest_to_send_ |= connection.output.takes_more;
  want_reads(connection, wants_reads);
  want_writes(connection, connection.has_pending());
  arm(connection, reads);
}

// What few connections have under way is seen to. False when the connection has ended over it.
bool Reactor::settle_rare(Connection& connection) {
  Rare& rare = *connection.rare;
  if (rare.incoming) {
    if (connection.stage == Stage::open && connection.parser.in_body()) offer_continue(connection);
    if (connection.has_ended()) return false;
    if (connection.stage == Stage::tunnel && ends_tunnel(connection)) {
      drop(connection);
      return false;
    }
    note_held_back(connection, *rare.incoming);
  }
  if (rare.untaken && !connection.has_pending()) count_taken(connection);
  if (rare.observed) observing_->taken(connection);
  if (rare.pending_input) {
    rare.pending_input->forget_before(connection.unanswered.first());
    if (rare.pending_input->empty()) rare.pending_input.reset();
  }
  if (rare.own_deadlines && !connection.has_pending()) {
    rare.own_deadlines->forget_unsent();
    if (connection.unanswered.empty() && !rare.incoming) rare.own_deadlines.reset();
  }
  if (rare.is_empty()) connection.rare.reset();
  return true;
}

// Of a connection of which everything that has come was answered.
bool Reactor::hears_no_more(const Connection& connection) const {
  if (connection.stage > Stage::open) return connection.stage != Stage::lingering;
  return connection.input.finished || (draining_ && is_drained(connection) && !connection.input.readable);
}

// Between requests; and if the next one could be on its way, the grace for it is over.
bool Reactor::is_drained(const Connection& connection) const {
  if (connection.incoming() && connection.incoming()->discarded) return true;
  if (connection.is_within_opening()) return false;
  return !connection.parser.in_message() && due_ms(connection, Wait::request, options_) <= now_ms_;
}

// While this side does not want a body, or holds `100 Continue` back, the client has nothing to hurry with.
void Reactor::note_held_back(Connection& connection, IncomingBody& incoming) {
  bool is_held_back = connection.parser.in_body() && (connection.parser.wants_continue() || !incoming.is_wanted());
  if (is_held_back == (incoming.held_back_since_ms > 0)) return;
  if (!is_held_back) {
    connection.since.message_ms += now_ms_ - incoming.held_back_since_ms;
    connection.window.restart(now_ms_);
  }
  incoming.held_back_since_ms = is_held_back ? now_ms_ : 0;
}

// Sets the deadline of what the connection waits for. For what waits for nothing the entry in the wheel stays as it is,
// and is looked at when it falls due.
void Reactor::arm(Connection& connection, bool reads) {
  Wait wait = connection.waits_for(reads);
  if (wait == Wait::nothing) return;
  if (wait == Wait::request) {
    return wheel_.set(connection.deadline, next_request_due_ms(connection.since, options_));
  }
  if (wait == Wait::held_back && due_ms(connection, wait, options_) <= now_ms_) connection.since.looked_ms = now_ms_;
  wheel_.set(connection.deadline, due_ms(connection, wait, options_));
}

void Reactor::want_reads(Connection& connection, bool wanted) {
  if (wanted == connection.watch.reads || !connection.watch.polled) return;
  connection.watch.reads = wanted;
  poller_->read_interest(connection.fd.get(), wanted);
}

void Reactor::want_writes(Connection& connection, bool wanted) {
  if (wanted == connection.watch.writes || !connection.watch.polled) return;
  connection.watch.writes = wanted;
  poller_->write_interest(connection.fd.get(), wanted);
}

int64_t Reactor::next_deadline_ms() const {
  int64_t next = wheel_.next_check_ms(now_ms_);
  bool accepts_again = std::any_of(listeners_.begin(), listeners_.end(), [](const Listener& l) { return l.readable; });
  if (!accepts_again) return next;
  int64_t again = accept_again_ms_ > now_ms_ ? static_cast<int64_t>(accept_again_ms_ - now_ms_) : 0;
  if (accept_pace_) {
    if (accept_pace_->next_us >= kAcceptsNone) return next;
    uint64_t next_us = accept_pace_->next_us;
    again = std::max(again, next_us > now_us_ ? static_cast<int64_t>((next_us - now_us_ + 999) / 1000) : int64_t{0});
  }
  return next < 0 ? again : std::min(next, again);
}

Stats Reactor::stats() const {
  Stats now = stats_;
  now.open = connections_.open();
  return now;
}

}  // namespace brink::reactor
