#include "reactor/reactor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace brink::reactor {
namespace {

constexpr size_t kMostPolled = 512;
constexpr size_t kMostAccepted = 256;  // in a turn, so that a flood of connections does not starve those there are
constexpr uint64_t kAcceptAgainMs = 50;
constexpr uint64_t kLingerMs = 5'000;
constexpr uint64_t kLookAgainMs = 60'000;
constexpr uint64_t kLookAgainSoonMs = 500;
constexpr uint64_t kNever = uint64_t{1} << 62;

constexpr uint64_t kRateWindowMs = 5'000;
constexpr uint32_t kMostClientErrorsTold = 50;  // a second
constexpr size_t kMostTurnedAway = 128;         // that linger at a time
constexpr uint64_t kLookAtTurnedAwayMs = 100;

// Tokens of listeners, and of the waker: slots that no connection has.
constexpr uint32_t kListenerSlots = 0xffffff00;
constexpr uint32_t kWakerSlot = 0xffffffff;

constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";

// An answer of the server's own, after which the connection ends.
Answer last_answer(ConnectionId id, uint32_t sequence, uint16_t status) {
  std::string_view reason = http::reason_phrase(status);
  Answer answer = {};
  answer.id = id;
  answer.sequence = sequence;
  answer.status = status;
  answer.content_type = layout::kContentTypeText;
  answer.body = {reason.data(), reason.size()};
  answer.body_length = reason.size();
  answer.close = true;
  return answer;
}

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
  expire_deadlines();
  deliver();  // last, so that it takes along what has just been noted
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
  // Nobody reads from it now, and nobody can be told anything: there is nothing to wait for, and a poller by levels
  // would tell of it for ever.
  if (ready.broken && !may_take_requests(*connection) && connection->stage < Stage::refused) return drop(*connection);
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

// Each turn looks at every listener that has not said "no more": an edge that came while descriptors had run out would
// not come again.
void Reactor::accept_waiting() {
  if (accept_again_ms_ <= now_ms_) accept_again_ms_ = 0;
  for (Listener& listener : listeners_) {
    if (listener.readable && accept_again_ms_ <= now_ms_) listener.readable = accept_from(listener);
    // A poller by levels would tell of it over and over while nobody can be accepted.
    want_accepts(listener, !listener.readable || accept_again_ms_ <= now_ms_);
  }
}

void Reactor::want_accepts(Listener& listener, bool wanted) {
  if (wanted == listener.wanted) return;
  listener.wanted = wanted;
  poller_->read_interest(listener.fd.get(), wanted);
}

// True when there may be more to accept.
bool Reactor::accept_from(Listener& listener) {
  for (size_t accepted = 0; accepted < kMostAccepted;) {
    net::Address peer;
    int64_t result = net::system::accept(listener.fd.get(), &peer);
    if (result >= 0) {
      admit(net::Fd(result), peer);
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

void Reactor::admit(net::Fd fd, const net::Address& peer) {
  stats_.accepted++;
  Connection& connection = connections_.add(std::move(fd), peer, options_.limits);
  connection.message_began_ms = now_ms_;
  bool too_many = options_.max_connections > 0 && connections_.open() - turned_away_ > options_.max_connections;
  int error = too_many ? -EMFILE : poller_->add(connection.fd.get(), connection.id.token());
  if (error == 0) return arm(connection);
  connection.polled = false;
  if (error == -ENOSPC && !std::exchange(told_poller_full_, true)) notice_is_due_ = true;
  turn_away(connection);
}

// There is no room for it. It is told so, rather than left waiting for what may never come: a client that knows can go
// elsewhere. Some are given time to see it, by looking at them now and then; in a flood the others are just closed.
void Reactor::turn_away(Connection& connection) {
  stats_.shed++;
  stats_.refusals[static_cast<size_t>(http::Refusal::TOO_MANY_CONNECTIONS)]++;
  note_client_error(connection, http::Refusal::TOO_MANY_CONNECTIONS);
  if (++turned_away_ > kMostTurnedAway) return drop(connection);
  ConnectionId id = connection.id;
  connection.stage = Stage::refused;
  connection.readable = true;
  Answer answer_503 = last_answer(id, connection.unanswered.add(false), 503);
  answer_503.fields = {kRetryAfter.data(), kRetryAfter.size()};
  answer(answer_503);
  flush_output();
  if (Connection* still = connections_.find(id)) settle(*still);
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
  if (connection->stage == Stage::lingering || connection->stage == Stage::refused) return discard_input(*connection);
  if (!may_take_requests(*connection)) return settle(*connection);
  if (!has_room) {
    // JavaScript has all the blocks. The readiness stays noted; a poller by levels need not repeat it meanwhile.
    short_of_room_ = true;
    want_reads(*connection, false);
    return push_ready(*connection);
  }
  read(*connection);
}

// Requests wait, unread, while the client does not take its answers, or sends more of them than are answered.
bool Reactor::may_take_requests(const Connection& connection) const {
  if (connection.stage != Stage::open) return false;
  if (connection.unanswered.count() >= options_.max_pipelined) return false;
  return !connection.pending || connection.pending->size() < options_.max_pending_output_bytes;
}

void Reactor::read(Connection& connection) {
  size_t kept = connection.parser.kept_bytes();
  char* at = events_.free_bytes() + kept;
  if (connection.parser.has_unread()) {
    connection.parser.restore(at - kept);
    return parse(connection, at, 0);
  }
  if (connection.peer_finished) return settle(connection);
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
  if (got == 0) {
    connection.peer_finished = true;
    connection.readable = false;
    return settle(connection);
  }
  // A short read means that the socket is drained, and spares the recv that would only say EAGAIN. But an end of the
  // stream may stand behind the bytes, and for that no further edge would come.
  if (static_cast<size_t>(got) < kReadBytes && !connection.hung_up) connection.readable = false;
  stats_.bytes_in += static_cast<uint64_t>(got);
  connection.window_bytes += static_cast<uint32_t>(got);
  connection.parser.restore(at - kept);
  parse(connection, at, static_cast<size_t>(got));
}

void Reactor::parse(Connection& connection, char* at, size_t size) {
  size_t kept = connection.parser.kept_bytes();
  bool was_in_message = connection.parser.in_message();
  uint64_t requests_before = stats_.requests;
  events_.used(kept + size);
  parsing_ = &connection;
  http::Refusal refusal = connection.parser.parse(at, size, scratch_, *this);
  parsing_ = nullptr;
  if (!was_in_message || stats_.requests != requests_before) connection.message_began_ms = now_ms_;
  if (refusal != http::Refusal::none) return refuse(connection, refusal);
  settle(connection);
}

// Called by the parser, within parse().
bool Reactor::on_request(const http::Request& request) {
  Connection& connection = *parsing_;
  uint32_t sequence = connection.unanswered.add(request.head.method == HTTP_HEAD);
  stats_.requests++;
  events_.put_request(connection.id, sequence, connection.peer, request);
  bool is_last =
      options_.max_requests_per_connection > 0 && connection.unanswered.total() >= options_.max_requests_per_connection;
  if (!request.head.keep_alive || is_last) connection.stage = Stage::last;
  return connection.stage == Stage::open && connection.unanswered.count() < options_.max_pipelined &&
         events_.has_room_for_request();
}

// A request that is not handed on: its answer stands in line behind those of the requests before it, and then the
// connection ends, for what follows cannot be told apart from it.
void Reactor::refuse(Connection& connection, http::Refusal refusal) {
  stats_.refusals[static_cast<size_t>(refusal)]++;
  note_client_error(connection, refusal);
  if (connection.unanswered.count() >= Unanswered::kMost) return drop(connection);
  ConnectionId id = connection.id;
  uint32_t sequence = connection.unanswered.add(false);
  connection.stage = Stage::refused;
  answer(last_answer(id, sequence, http::status_of(refusal)));
  flush_output();
  if (Connection* still = connections_.find(id)) settle(*still);
}

// What comes from a client that nobody listens to any more is read and forgotten: closing with input unread would make
// the kernel send a reset, and that may overtake the answer.
void Reactor::discard_input(Connection& connection) {
  if (!connection.readable) return;
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
      connection.peer_finished = true;
      if (got < 0 || connection.stage == Stage::lingering) return drop(connection);
      return settle(connection);
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
  if (!notice_is_due_ && client_errors_.empty()) return;
  if (!events_.has_block()) {
    Block* block = sink_.acquire();
    if (!block) return;
    events_.begin(block);
  }
  if (notice_is_due_ && events_.has_room_for_small_event()) {
    notice_is_due_ = false;
    events_.put_notice(layout::kNoticePollerFull);
  }
  while (!client_errors_.empty() && events_.has_room_for_small_event()) {
    events_.put_client_error(client_errors_.front());
    client_errors_.erase(client_errors_.begin());
  }
}

void Reactor::resume() {
  short_of_room_ = false;
  deliver();
}

void Reactor::apply(Replies replies) {
  look_at_clock();  // a late reply may be the first thing that happens for long
  ReplyReader reader(replies);
  Answer given;
  for (auto found = reader.next(&given); found != ReplyReader::Found::end; found = reader.next(&given)) {
    // A reply that makes no sense must not leave its request without an answer.
    if (found == ReplyReader::Found::invalid) given = last_answer(given.id, given.sequence, 500);
    answer(given);
  }
  flush_output();
}

void Reactor::answer(const Answer& given) {
  Connection* connection = connections_.find(given.id);
  if (!connection || !connection->unanswered.take(given.sequence)) return;
  Unanswered& unanswered = connection->unanswered;
  bool no_more_requests = connection->stage != Stage::open || draining_ || connection->peer_finished;
  bool close = given.close || (no_more_requests && unanswered.is_last(given.sequence));
  bool silent = unanswered.is_head(given.sequence) || http::status_has_no_content(given.status);
  net::HeldBytes body;
  if (given.held && !silent) body = std::move(*given.held);
  if (given.sequence == unanswered.first()) {
    select_output(*connection);
    frame(output_, *connection, given, close);
    return emit(*connection, close, std::move(body));
  }
  // Answers go out in the order of the requests: this one waits for an earlier one.
  if (!connection->held) connection->held = std::make_unique<std::vector<HeldAnswer>>();
  connection->held->push_back({given.sequence, close, {}, std::move(body)});
  frame(connection->held->back().bytes, *connection, given, close);
}

void Reactor::frame(net::ByteBuffer& out, Connection& connection, const Answer& given, bool close) {
  bool is_head = connection.unanswered.is_head(given.sequence);
  http::ResponseHead head;
  head.status = given.status;
  head.content_type = given.content_type;
  head.fields = given.fields;
  head.content_length = given.body_length;
  // Only where no content follows may the length differ from it, or be left out.
  head.length_known = given.status != 304 || given.length_only;
  head.dated = given.dated;
  head.close = close;
  if (given.length_only && !is_head && given.status != 304) head.content_length = 0;
  // A 205 says that it has none (RFC 9110, 15.3.6); a 204 has neither length nor type.
  if (given.status == 204 || given.status == 205) head.content_length = head.content_type = 0;
  heads_.write(out, head);
  if (!is_head && !http::status_has_no_content(given.status)) out.append(given.body);
}

// The answer to the first request stands at the end of the output: on to the next, and to those that waited for it.
void Reactor::emit(Connection& connection, bool close, net::HeldBytes body) {
  connection.unanswered.pass_first();
  if (body.holder) {
    ConnectionId id = connection.id;
    send(connection, output_.slice(), std::move(body));
    output_.clear();
    if (!connections_.find(id)) return;
  }
  if (close) {
    // Nothing is said after a response that says close.
    connection.stage = std::max(connection.stage, Stage::last);
    while (!connection.unanswered.empty()) {
      connection.unanswered.take(connection.unanswered.first());
      connection.unanswered.pass_first();
    }
    connection.held.reset();
    return;
  }
  if (connection.held) emit_held(connection);
}

void Reactor::emit_held(Connection& connection) {
  auto& held = *connection.held;
  uint32_t first = connection.unanswered.first();
  auto found = std::find_if(held.begin(), held.end(), [&](const HeldAnswer& a) { return a.sequence == first; });
  if (found == held.end() || connection.unanswered.empty()) return;
  HeldAnswer next = std::move(*found);
  held.erase(found);
  if (held.empty()) connection.held.reset();
  output_.append(next.bytes.slice());
  emit(connection, next.close, std::move(next.body));
}

// Answers to one connection that follow each other leave in one send.
void Reactor::select_output(Connection& connection) {
  if (output_of_.token() == connection.id.token()) return;
  flush_output();
  output_of_ = connection.id;
}

void Reactor::flush_output() {
  Connection* connection = connections_.find(output_of_);
  ConnectionId id = std::exchange(output_of_, ConnectionId{kListenerSlots, 0});
  if (connection && !output_.empty()) send(*connection, output_.slice(), {});
  output_.clear();
  if (Connection* still = connections_.find(id)) settle(*still);
}

void Reactor::send(Connection& connection, net::Slice bytes, net::HeldBytes body) {
  if (connection.has_pending()) {
    connection.pending->append(bytes);
    connection.pending->append(std::move(body));
    return;
  }
  net::Slice slices[2] = {bytes, body.bytes};
  size_t count = body.bytes.size > 0 ? 2 : 1, size = bytes.size + body.bytes.size;
  int64_t sent;
  do {
    sent = net::system::send(connection.fd.get(), slices, count);
  } while (sent == -EINTR);
  if (sent == -EAGAIN || sent == -EWOULDBLOCK) sent = 0;
  if (sent < 0) {
    stats_.resets++;
    return drop(connection);
  }
  stats_.bytes_out += static_cast<uint64_t>(sent);
  size_t taken = static_cast<size_t>(sent);
  if (taken == size) return;
  stats_.partial_writes++;
  if (!connection.pending) connection.pending = std::make_unique<net::PendingOutput>();
  if (taken < bytes.size) connection.pending->append(net::Slice{bytes.data + taken, bytes.size - taken});
  size_t taken_of_body = taken > bytes.size ? taken - bytes.size : 0;
  body.bytes = {body.bytes.data + taken_of_body, body.bytes.size - taken_of_body};
  connection.pending->append(std::move(body));
}

void Reactor::send_pending(Connection& connection) {
  int64_t sent = connection.pending->send_to(connection.fd.get());
  if (sent < 0) {
    stats_.resets++;
    return drop(connection);
  }
  stats_.bytes_out += static_cast<uint64_t>(sent);
  connection.window_bytes += static_cast<uint32_t>(std::min<int64_t>(sent, INT32_MAX));
  if (sent > 0) connection.progress_ms = now_ms_;
  if (connection.pending->empty()) connection.pending.reset();
  settle(connection);
}

// RFC 9110, 10.1.1: the client holds its body back until it is asked for it. Not before the answers that are due first.
void Reactor::offer_continue(Connection& connection) {
  if (!connection.unanswered.empty() || connection.has_pending() || !connection.parser.take_continue_wanted()) return;
  connection.message_began_ms = now_ms_;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  send(connection, {kContinue.data(), kContinue.size()}, {});
}

// After anything that happened to a connection: what is it waiting for now?
void Reactor::settle(Connection& connection) {
  ConnectionId id = connection.id;
  if (connection.stage == Stage::open && connection.parser.in_body()) {
    offer_continue(connection);
    if (!connections_.find(id)) return;
  }
  bool takes_requests = may_take_requests(connection);
  bool has_unread = connection.stage == Stage::open && connection.parser.has_unread();
  bool says_nothing_more = connection.unanswered.empty() && !connection.has_pending();
  bool hears_nothing_more = connection.stage != Stage::open || (connection.peer_finished && !has_unread) ||
                            (draining_ && !connection.parser.in_message() && !connection.readable && !has_unread);
  if (says_nothing_more && hears_nothing_more && connection.stage != Stage::lingering) return end(connection);
  bool wants_reads = (takes_requests || connection.stage >= Stage::refused) && !connection.peer_finished;
  if ((wants_reads && connection.readable) || (takes_requests && has_unread)) push_ready(connection);
  want_reads(connection, wants_reads);
  want_writes(connection, connection.has_pending());
  arm(connection);
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

// Everything was said. A client that may still be sending is told the end and given time to see it.
void Reactor::end(Connection& connection) {
  bool may_be_sending = connection.stage == Stage::refused || connection.readable || connection.parser.in_message();
  if (connection.peer_finished || !may_be_sending) return drop(connection);
  connection.stage = Stage::lingering;
  connection.deadline_kind = Deadline::none;
  if (net::system::shutdown_sending(connection.fd.get()) != 0) return drop(connection);
  settle(connection);
}

void Reactor::drop(Connection& connection) {
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

// Sets the deadline of what the connection is waiting for. While a handler works there is none: the entry in the wheel
// is left as it is, and looked at when it falls due.
void Reactor::arm(Connection& connection) {
  Deadline kind = deadline_of(connection);
  if (kind != connection.deadline_kind) {
    connection.deadline_kind = kind;
    connection.progress_ms = connection.window_began_ms = now_ms_;
    connection.window_bytes = 0;
  } else if (kind == Deadline::linger || kind == Deadline::keep_alive) {
    return;  // empty lines do not prolong it
  }
  if (kind != Deadline::none) wheel_.set(connection.deadline, due_ms(connection));
}

Deadline Reactor::deadline_of(const Connection& connection) {
  if (connection.stage == Stage::lingering) return Deadline::linger;
  if (connection.has_pending()) return Deadline::write;
  // While this side holds the `100 Continue` back, behind earlier answers, the client has nothing to hurry with.
  if (connection.stage == Stage::open && connection.parser.wants_continue()) return Deadline::none;
  if (connection.stage == Stage::open && connection.parser.in_body()) return Deadline::request;
  if (connection.stage == Stage::open && connection.parser.in_message()) return Deadline::head;
  return connection.unanswered.empty() ? Deadline::keep_alive : Deadline::none;
}

// A body that arrives, and an answer that is taken, are looked at once a window, too, for their rate.
uint64_t Reactor::due_ms(const Connection& connection) const {
  switch (connection.deadline_kind) {
    case Deadline::linger:
      return now_ms_ + (connection.polled ? kLingerMs : kLookAtTurnedAwayMs);
    case Deadline::write:
      return std::min(connection.progress_ms + options_.write_timeout_ms, window_end_ms(connection));
    case Deadline::request:
      return std::min(connection.message_began_ms + options_.request_timeout_ms, window_end_ms(connection));
    case Deadline::head:
      return connection.message_began_ms + options_.headers_timeout_ms;
    case Deadline::keep_alive:
      return now_ms_ + options_.keep_alive_timeout_ms;
    case Deadline::none:
      break;
  }
  return now_ms_ + kLookAgainMs;
}

// The kernel takes a large piece of an answer at a time, and then nothing for long: there the window is longer.
uint64_t Reactor::window_end_ms(const Connection& connection) const {
  if (options_.min_rate_bytes == 0) return kNever;
  bool writes = connection.deadline_kind == Deadline::write;
  return connection.window_began_ms + (writes ? std::max(kRateWindowMs, options_.write_timeout_ms) : kRateWindowMs);
}

bool Reactor::is_too_slow(const Connection& connection) const {
  return connection.window_bytes < options_.min_rate_bytes * (now_ms_ - connection.window_began_ms) / 1000;
}

void Reactor::expire_deadlines() {
  while (net::DeadlineEntry* entry = wheel_.take_due(now_ms_)) expire(*connections_.at_slot(entry->slot));
}

void Reactor::expire(Connection& connection) {
  bool receives = connection.deadline_kind == Deadline::head || connection.deadline_kind == Deadline::request;
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
      if (now_ms_ >= connection.message_began_ms + options_.request_timeout_ms) {
        return refuse(connection, http::Refusal::REQUEST_TIMEOUT);
      }
      if (is_too_slow(connection)) return refuse(connection, http::Refusal::REQUEST_TOO_SLOW);
      break;
    case Deadline::write:
      if (now_ms_ >= connection.progress_ms + options_.write_timeout_ms) {
        return cut_off(connection, http::Refusal::WRITE_TIMEOUT);
      }
      if (is_too_slow(connection)) return cut_off(connection, http::Refusal::RESPONSE_TAKEN_TOO_SLOWLY);
      break;
    case Deadline::linger:
      return look_at_lingering(connection);
    case Deadline::none:
      break;
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

Stats Reactor::stats() const {
  Stats now = stats_;
  now.open = connections_.open();
  return now;
}

}  // namespace brink::reactor
