// The reactor's part that writes: from what JavaScript answered to bytes on a socket, in the order of the requests.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

// A stream that asked to be told goes on below this.
constexpr size_t kDrainedBytes = 64 * 1024;

constexpr std::string_view kLineEnd = "\r\n";

net::Slice slice_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Reply last_answer(ConnectionId id, uint32_t sequence, uint16_t status) {
  std::string_view reason = http::reason_phrase(status);
  Reply answer = {};
  answer.kind = Reply::Kind::answer;
  answer.id = id;
  answer.sequence = sequence;
  answer.status = status;
  answer.content_type = layout::kContentTypeText;
  answer.body = slice_of(reason);
  answer.body_length = reason.size();
  answer.close = true;
  return answer;
}

void Reactor::apply(Replies replies) {
  look_at_clock();  // a late reply may be the first thing that happens for long
  ReplyReader reader(replies);
  Reply given;
  for (auto found = reader.next(&given); found != ReplyReader::Found::end; found = reader.next(&given)) {
    if (given.has_changed) tell_of_changed_body(given.id);
    // A reply that makes no sense must not leave its request without an answer.
    if (found == ReplyReader::Found::invalid) given = last_answer(given.id, given.sequence, 500);
    if (Connection* connection = connections_.find(given.id)) act_on(*connection, given);
  }
  flush_output();
}

void Reactor::act_on(Connection& connection, const Reply& given) {
  switch (given.kind) {
    case Reply::Kind::answer:
      return answer(connection, given);
    case Reply::Kind::chunk:
      return add_chunk(connection, given);
    case Reply::Kind::abort:
      return abort(connection, given.sequence);
    case Reply::Kind::read:
      return read_more(connection, given);
    case Reply::Kind::take_over:
      return take_over(connection, given);
    case Reply::Kind::deadlines:
      return set_deadlines(connection, given);
  }
}

// Called within parse(): nothing may end the connection here, so the bodies are copied, and sent behind it.
bool Reactor::answer_fixed(Connection& connection, uint32_t sequence, const http::Request& request) {
  const FixedAnswer* fixed = fixed_.find(request.head, request.head_bytes.data);
  if (!fixed) return false;
  Reply given = {};
  given.kind = Reply::Kind::answer;
  given.id = connection.id;
  given.sequence = sequence;
  given.status = fixed->status;
  given.content_type = fixed->content_type;
  given.dated = fixed->dated;
  given.fields = slice_of(fixed->fields);
  if (FixedAnswers::is_known_to_client(*fixed, request.head, request.head_bytes.data)) {
    given.status = 304;
    given.content_type = 0;
  } else {
    given.body = slice_of(fixed->body);
    given.body_length = fixed->body.size();
  }
  given.plain = given.status == 200 && !given.dated;
  answer(connection, given);
  return true;
}

// Most answers are whole and plain, due now, and nothing else is under way on their connection.
bool Reactor::is_usual(const Connection& connection, const Reply& given) const {
  if (!given.plain || !connection.unanswered.is_due(given.sequence) || says_no_more(connection)) return false;
  return !connection.unanswered.is_head(given.sequence) && !connection.incoming && !connection.held &&
         !connection.own_deadlines && !connection.upgrade_offered;
}

void Reactor::answer(Connection& connection, const Reply& given) {
  if (is_usual(connection, given)) {
    select_output(connection);
    heads_.write_usual(output_, given.content_type, given.fields, given.body);
    return connection.unanswered.pass_first();
  }
  Unanswered& unanswered = connection.unanswered;
  if (!unanswered.take(given.sequence)) return;
  bool is_last = unanswered.is_last(given.sequence);
  // It is read again now, though its answer may have to wait.
  if (is_last && std::exchange(connection.upgrade_offered, false)) settle_later(connection);
  if (connection.incoming && connection.incoming->sequence == given.sequence) {
    connection.incoming->answered = true;
    stats_.requests++;
  }
  bool close = given.close || (is_last && says_no_more(connection)) || leaves_too_much_unread(connection, given);
  OutgoingBody outgoing = {given.sequence, framing_of(connection, given), close};
  if (outgoing.framing == OutgoingBody::Framing::to_the_close) outgoing.close = close = true;
  outgoing.left = given.body_length;
  net::HeldBytes body;
  bool silent = unanswered.is_head(given.sequence) || http::status_has_no_content(given.status);
  if (given.held && !silent) body = std::move(*given.held);
  if (given.sequence == unanswered.first()) {
    select_output(connection);
    frame(output_, connection, given, outgoing);
    if (given.streams) {
      connection.outgoing = std::make_unique<OutgoingBody>(outgoing);
    } else if (put_out(connection, std::move(body))) {
      emit(connection, close);
    }
    return;
  }
  // Answers go out in the order of the requests: this one waits for an earlier one.
  HeldAnswer& held = hold(connection, given.sequence);
  held.close = close;
  held.complete = !given.streams;
  held.outgoing = outgoing;
  frame(held.pieces.back().bytes, connection, given, outgoing);
  held.pieces.back().body = std::move(body);
}

HeldAnswer& Reactor::hold(Connection& connection, uint32_t sequence) {
  if (!connection.held) connection.held = std::make_unique<std::vector<HeldAnswer>>();
  connection.held->emplace_back();
  HeldAnswer& held = connection.held->back();
  held.sequence = sequence;
  held.pieces.emplace_back();
  return held;
}

HeldAnswer* Reactor::find_held(Connection& connection, uint32_t sequence) {
  if (!connection.held) return nullptr;
  for (HeldAnswer& held : *connection.held) {
    if (held.sequence == sequence) return &held;
  }
  return nullptr;
}

// Whether the answer to the last request is the connection's last.
bool Reactor::says_no_more(const Connection& connection) const {
  return connection.stage != Stage::open || draining_ || connection.peer_finished ||
         (connection.incoming && connection.incoming->closes_after);
}

// A body that nobody read is read and forgotten behind the answer, for the sake of the next request. Not so if it is
// long; nor when the client was not told whether to send it (RFC 9110, 10.1.1), for then nobody knows what comes.
bool Reactor::leaves_too_much_unread(const Connection& connection, const Reply& given) const {
  if (!connection.incoming || connection.incoming->sequence != given.sequence) return false;
  if (connection.parser.wants_continue()) return true;
  uint64_t left;
  return !given.streams && connection.parser.knows_body_left(&left) && left > kMostForgotten;
}

OutgoingBody::Framing Reactor::framing_of(const Connection& connection, const Reply& given) {
  if (connection.unanswered.is_head(given.sequence) || http::status_has_no_content(given.status)) {
    return OutgoingBody::Framing::none;
  }
  if (!given.streams || given.sized) return OutgoingBody::Framing::length;
  // RFC 9112, 6.1: an HTTP/1.0 client knows nothing of chunks.
  return connection.unanswered.is_http_1_0(given.sequence) ? OutgoingBody::Framing::to_the_close
                                                           : OutgoingBody::Framing::chunked;
}

void Reactor::frame(net::ByteBuffer& out, Connection& connection, const Reply& given, const OutgoingBody& outgoing) {
  bool is_head = connection.unanswered.is_head(given.sequence);
  bool is_http_1_0 = connection.unanswered.is_http_1_0(given.sequence);
  bool length_unknown = given.streams && !given.sized;
  http::ResponseHead head;
  head.status = given.status;
  head.content_type = given.content_type;
  head.fields = given.fields;
  head.content_length = given.body_length;
  // Only where no content follows may the length differ from it, or be left out.
  head.length_known = !length_unknown && (given.status != 304 || given.length_only);
  // To HEAD the length is the one that GET would be told (RFC 9110, 8.6), and whoever gives no content may not know it.
  if (is_head && given.body_length == 0 && !given.length_only) head.length_known = false;
  head.chunked = length_unknown && !is_http_1_0 && !http::status_has_no_content(given.status);
  head.dated = given.dated;
  head.close = outgoing.close;
  if (given.length_only && !is_head && given.status != 304) head.content_length = 0;
  // A 205 says that it has none (RFC 9110, 15.3.6); a 204 has neither length nor type.
  if (given.status == 204 || given.status == 205) {
    head.content_length = head.content_type = 0;
    head.length_known = true;
  }
  heads_.write(out, head);
  if (outgoing.framing != OutgoingBody::Framing::none) out.append(given.body);
}

// A piece of a body, or its end.
void Reactor::add_chunk(Connection& connection, const Reply& given) {
  OutgoingBody* outgoing = connection.outgoing.get();
  HeldAnswer* held = nullptr;
  if (!outgoing || outgoing->sequence != given.sequence) {
    held = find_held(connection, given.sequence);
    if (!held || held->complete || held->aborted) return;
    outgoing = &held->outgoing;
  }
  if (outgoing->ended) return;
  if (!held) select_output(connection);
  uint64_t size = given.body_length;
  bool says_too_much = outgoing->framing == OutgoingBody::Framing::length && size > outgoing->left;
  bool says_too_little =
      given.ends && outgoing->framing == OutgoingBody::Framing::length && !says_too_much && size < outgoing->left;
  if (says_too_much || says_too_little) return abort(connection, given.sequence);
  outgoing->asks |= given.asks;
  if (size > 0 && outgoing->framing != OutgoingBody::Framing::none) {
    outgoing->left -= std::min(size, outgoing->left);
    net::HeldBytes body;
    if (given.held) body = std::move(*given.held);
    net::ByteBuffer& out = held ? held->pieces.back().bytes : output_;
    bool chunked = outgoing->framing == OutgoingBody::Framing::chunked;
    if (chunked) begin_chunk(out, size);
    out.append(given.body);
    if (held && body.is_given()) {
      held->pieces.back().body = std::move(body);
      held->pieces.emplace_back();
    } else if (!held && !put_out(connection, std::move(body))) {
      return;
    }
    if (chunked) (held ? held->pieces.back().bytes : output_).append(kLineEnd);
  }
  if (given.ends) end_body(connection, given, *outgoing, held);
}

// RFC 9112, 7.1
void Reactor::begin_chunk(net::ByteBuffer& out, uint64_t size) {
  char* at = out.room(20);
  at = std::to_chars(at, at + 16, size, 16).ptr;
  *at++ = '\r';
  *at++ = '\n';
  out.added(at);
}

void Reactor::end_body(Connection& connection, const Reply& given, OutgoingBody& outgoing, HeldAnswer* held) {
  if (outgoing.framing == OutgoingBody::Framing::chunked) {
    net::ByteBuffer& out = held ? held->pieces.back().bytes : output_;
    out.append(std::string_view("0\r\n"));
    out.append(given.fields);
    out.append(kLineEnd);
  }
  if (held && !held->takes_over) {
    held->complete = true;
    return;
  }
  if (held || connection.stage == Stage::tunnel) {
    outgoing.ended = true;
    return held ? void() : settle_later(connection);
  }
  bool close = outgoing.close;
  connection.outgoing.reset();
  emit(connection, close);
}

// A body that cannot be completed: what the client has of it must not look whole.
void Reactor::abort(Connection& connection, uint32_t sequence) {
  if (connection.outgoing && connection.outgoing->sequence == sequence) {
    if (connection.stage != Stage::tunnel) return break_off(connection);
    // In a tunnel nothing looks whole that is not; what was said before is still sent.
    ConnectionId id = connection.id;
    select_output(connection);
    flush_output();
    Connection* still = connections_.find(id);
    if (still && still->has_pending()) return break_off(*still);
    if (still) drop(*still);
    return;
  }
  HeldAnswer* held = find_held(connection, sequence);
  if (held && !held->complete) held->aborted = true;
}

void Reactor::break_off(Connection& connection) {
  net::system::reset_on_close(connection.fd.get());
  drop(connection);
}

// The app wants more of a body.
void Reactor::read_more(Connection& connection, const Reply& given) {
  IncomingBody* incoming = connection.incoming.get();
  if (!incoming || incoming->sequence != given.sequence) return;
  incoming->wanted = true;
  incoming->credit = std::min<int64_t>(incoming->credit + static_cast<int64_t>(given.body_length), kMostCredit);
  settle_later(connection);
}

// The connection is handed over, in its turn.
void Reactor::take_over(Connection& connection, const Reply& given) {
  if (!connection.upgrade_offered || !connection.unanswered.is_last(given.sequence)) {
    return answer(connection, last_answer(given.id, given.sequence, 500));
  }
  if (!connection.unanswered.take(given.sequence)) return;
  OutgoingBody outgoing = {given.sequence, OutgoingBody::Framing::to_the_close, true};
  if (given.sequence == connection.unanswered.first()) {
    connection.outgoing = std::make_unique<OutgoingBody>(outgoing);
    return become_tunnel(connection);
  }
  HeldAnswer& held = hold(connection, given.sequence);
  held.close = true;
  held.complete = false;
  held.takes_over = true;
  held.outgoing = outgoing;
}

void Reactor::become_tunnel(Connection& connection) {
  connection.upgrade_offered = false;
  connection.stage = Stage::tunnel;
  connection.incoming = std::make_unique<IncomingBody>();
  connection.incoming->sequence = connection.outgoing->sequence;
  settle_later(connection);
}

// Puts what crossed by reference behind the output. False when the connection broke over it.
bool Reactor::put_out(Connection& connection, net::HeldBytes body) {
  if (!body.is_given()) return true;
  ConnectionId id = connection.id;
  send(connection, output_.slice(), std::move(body));
  output_.clear();
  return connections_.find(id) != nullptr;
}

// The answer to the first request stands at the end of the output: on to the next, and to those that waited for it.
void Reactor::emit(Connection& connection, bool close) {
  uint32_t sequence = connection.unanswered.first();
  connection.unanswered.pass_first();
  pass_deadlines(connection, sequence);
  if (connection.incoming && connection.incoming->sequence == sequence) connection.incoming->discarded = true;
  if (close) {
    // Nothing is said after a response that says close.
    connection.stage = std::max(connection.stage, Stage::last);
    if (!connection.unanswered.empty()) {
      progress_.push_back({Progress::Kind::gone, connection.id, 0, http::Refusal::none});
    }
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
  for (HeldPiece& piece : next.pieces) {
    output_.append(piece.bytes.slice());
    if (!put_out(connection, std::move(piece.body))) return;
  }
  if (next.aborted) return break_off(connection);
  if (next.complete) return emit(connection, next.close);
  connection.outgoing = std::make_unique<OutgoingBody>(next.outgoing);
  if (next.takes_over) become_tunnel(connection);
}

// Answers to one connection that follow each other leave in one send.
void Reactor::select_output(Connection& connection) {
  if (output_of_.token() == connection.id.token()) return;
  flush_output();
  output_of_ = connection.id;
}

// What was decided about a connection shows when its output is sent.
void Reactor::settle_later(Connection& connection) { select_output(connection); }

void Reactor::flush_output() {
  ConnectionId id = std::exchange(output_of_, kNobody);
  Connection* connection = connections_.find(id);
  if (connection && !output_.empty()) send(*connection, output_.slice(), {}, ends_behind_output(*connection));
  output_.clear();
  if (Connection* still = connections_.find(id)) settle(*still);
}

void Reactor::send(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows) {
  if (connection.has_pending()) {
    connection.pending->append(bytes);
    connection.pending->append(std::move(body));
    return;
  }
  connection.progress_ms = now_ms_;
  if (body.file) {
    constexpr uint64_t kLargeFile = 128 * 1024;
    bool is_first = body.file_length > kLargeFile && !std::exchange(connection.sends_files, true);
    if (is_first) net::system::lift_unsent_limit(connection.fd.get());
    connection.pending = std::make_unique<net::PendingOutput>();
    connection.pending->append(bytes);
    connection.pending->append(std::move(body));
    send_rest(connection);
    return;
  }
  net::Slice slices[2] = {bytes, {nullptr, 0}};
  size_t count = body.size() > 0 ? 2 : 1, size = bytes.size + static_cast<size_t>(body.size());
  int64_t sent;
  do {
    bool is_there = count == 1 || body.find(&slices[1]);
    sent = is_there ? net::system::send(connection.fd.get(), slices, count, end_follows) : net::kMemoryChanged;
  } while (sent == -EINTR);
  if (sent == -EAGAIN || sent == -EWOULDBLOCK) sent = 0;
  if (sent < 0) {
    stats_.resets++;
    if (sent != net::kMemoryChanged) return drop(connection);
    tell_of_changed_body(connection.id);
    return break_off(connection);
  }
  stats_.bytes_out += static_cast<uint64_t>(sent);
  size_t taken = static_cast<size_t>(sent);
  if (taken == size) return;
  stats_.partial_writes++;
  if (!connection.pending) connection.pending = std::make_unique<net::PendingOutput>();
  if (taken < bytes.size) connection.pending->append(net::Slice{bytes.data + taken, bytes.size - taken});
  bool is_held = body.is_given();
  connection.pending->append(std::move(body), taken > bytes.size ? taken - bytes.size : 0);
  // See PendingOutput::send_to: that it took less does not prove that it is full.
  if (is_held && sent > 0) send_rest(connection);
}

// Memory that was to be sent is not what it was: whoever lent it is told.
void Reactor::tell_of_changed_body(ConnectionId id) {
  progress_.push_back({Progress::Kind::body_changed, id, 0, http::Refusal::none});
}

// Of what was not taken before. False when the connection broke over it.
bool Reactor::send_rest(Connection& connection) {
  net::PendingOutput::Sent sent = connection.pending->send_to(connection.fd.get());
  if (sent.bytes < 0) {
    stats_.resets++;
    if (sent.bytes == net::kMemoryChanged) tell_of_changed_body(connection.id);
    break_off(connection);
    return false;
  }
  stats_.bytes_out += static_cast<uint64_t>(sent.bytes);
  connection.window_bytes += static_cast<uint32_t>(std::min<int64_t>(sent.bytes, INT32_MAX));
  if (sent.bytes > 0) connection.progress_ms = now_ms_;
  if (connection.pending->empty()) connection.pending.reset();
  connection.sends_more = sent.takes_more;
  return true;
}

void Reactor::send_pending(Connection& connection) {
  if (send_rest(connection)) settle(connection);
}

// RFC 9110, 10.1.1: the client holds its body back until it is asked for it. Not before the answers that are due first.
void Reactor::offer_continue(Connection& connection) {
  const IncomingBody* incoming = connection.incoming.get();
  if (!incoming || !incoming->wanted || connection.outgoing || connection.has_pending()) return;
  if (connection.unanswered.first() != incoming->sequence || !connection.parser.take_continue_wanted()) return;
  connection.message_began_ms = now_ms_;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  send(connection, slice_of(kContinue), {});
}

// A stream that waits for room goes on when its output has been taken.
void Reactor::tell_drained(Connection& connection) {
  OutgoingBody* outgoing = connection.outgoing.get();
  if (!outgoing || !outgoing->asks) return;
  // In a tunnel the writer has its bytes back when it is told: none of them may be held by reference any more.
  uint64_t most = connection.stage == Stage::tunnel ? 1 : kDrainedBytes;
  if (connection.pending && connection.pending->size() >= most) return;
  outgoing->asks = false;
  progress_.push_back({Progress::Kind::drained, connection.id, outgoing->sequence, http::Refusal::none});
}

}  // namespace brink::reactor
