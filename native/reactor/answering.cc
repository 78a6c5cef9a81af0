// The reactor's part that frames: from what JavaScript answered to bytes, in the order of the requests. An answer that
// is given before its turn is framed as well, and waits behind its connection's output.
#include <algorithm>
#include <utility>

#include "reactor/framing.h"
#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

net::Slice slice_of(std::string_view text) { return {text.data(), text.size()}; }

// A body that nobody read is read and forgotten behind the answer, for the sake of the next request. Not so if it is
// long; nor when the client was not told whether to send it (RFC 9110, 10.1.1), for then nobody knows what comes.
bool leaves_too_much_unread(const Connection& connection, const Reply& given) {
  if (!connection.is_body_of(given.sequence)) return false;
  if (connection.parser.wants_continue()) return true;
  uint64_t left;
  return !given.streams && connection.parser.knows_body_left(&left) && left > IncomingBody::kMostDiscarded;
}

void remove(std::vector<Answer>& answers, const Answer& answer) {
  answers.erase(answers.begin() + (&answer - &answers[0]));
}

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
    if (given.has_changed) notices_.body_changed(given.id);
    // A reply that makes no sense must not leave its request without an answer.
    if (found == ReplyReader::Found::invalid) given = last_answer(given.id, given.sequence, 500);
    Connection* connection = connections_.find(given.id);
    if (!connection) continue;
    given.kind == Reply::Kind::answer ? answer(*connection, given) : act_on(*connection, given);
  }
  flush_output();
  if (!in_turn_) connections_.bury();
}

void Reactor::act_on(Connection& connection, const Reply& given) {
  switch (given.kind) {
    case Reply::Kind::answer:
      break;
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
    case Reply::Kind::end_connection:
      return end_connection(connection, given);
  }
}

// Called within parse(): nothing may be sent here, so the bodies are copied, and sent behind it.
bool Reactor::answer_fixed(Connection& connection, uint32_t sequence, const http::Request& request) {
  const FixedAnswer* fixed = fixed_.find(request.head, request.head_bytes.data);
  if (!fixed) return false;
  Reply given = {};
  given.kind = Reply::Kind::answer;
  given.id = connection.id;
  given.sequence = sequence;
  given.status = fixed->status;
  given.route = fixed->route;
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
  return !connection.unanswered.is_head(given.sequence) && connection.answers.empty() &&
         !(connection.rare && connection.rare->concerns_answers());
}

void Reactor::answer(Connection& connection, const Reply& given) {
  Unanswered& unanswered = connection.unanswered;
  if (is_usual(connection, given)) {
    select_output(connection);
    if (given.raw) {
      output_.append(given.fields);
      output_.append(given.body);
    } else {
      heads_.write_usual(output_, given.content_type, given.fields, given.body);
    }
    unanswered.pass_first();
    if (connection.rare) note_usual(connection, given);
    return;
  }
  if (!unanswered.take(given.sequence)) return;
  if (observing_) observing_->answers(connection, given);
  bool is_last = unanswered.is_last(given.sequence);
  // It is read again now, though its answer may have to wait. A raw one that goes on may still become a tunnel.
  if (is_last && connection.upgrade_offered() && !(given.raw && given.streams)) decline_offer(connection);
  if (connection.is_body_of(given.sequence)) {
    connection.incoming()->answered = true;
    stats_.requests++;
  }
  Answer begun = {given.sequence, framing_of(unanswered, given)};
  // What it closes is told at its end: until then more may be asked, and it may become a tunnel.
  bool goes_on_raw = given.raw && given.streams;
  begun.close = given.close || (is_last && !goes_on_raw && says_no_more(connection)) ||
                leaves_too_much_unread(connection, given) || begun.framing == Answer::Framing::to_the_close;
  if (begun.close && is_last && !goes_on_raw) stop_hearing(connection);
  begun.complete = !given.streams;
  begun.asks = given.raw && given.streams && given.asks;
  begun.left = given.body_length;
  frame(heads_, begin_output(connection, begun), unanswered, given, begun);
  if (given.held && begun.framing != Answer::Framing::none) put_held(connection, begun, std::move(*given.held));
  if (connection.has_ended()) return;
  finish_output(connection, begun);
  bool is_due = given.sequence == unanswered.first();
  if (is_due && begun.complete) return pass_due(connection, begun.close, false);
  begun.streams = given.streams && !given.whole;
  connection.answers.push_back(std::move(begun));
}

// What comes behind the connection's last answer is not answered, so it must not be handled either. A body that the app
// may be reading goes on.
void Reactor::stop_hearing(Connection& connection) {
  if (connection.incoming()) return;
  connection.stage = std::max(connection.stage, Stage::last);
  // What was not read until now is discarded, though the answer may have to wait.
  settle_later(connection);
}

void Reactor::note_usual(Connection& connection, const Reply& given) {
  if (!observing_) return;
  observing_->answers(connection, given);
  observing_->passed(connection);
}

// Whether the answer to the last request is the connection's last.
bool Reactor::says_no_more(const Connection& connection) const {
  return connection.stage != Stage::open || draining_ || connection.input.finished ||
         (connection.incoming() && connection.incoming()->closes_after);
}

// A piece of a body, or its end.
void Reactor::add_chunk(Connection& connection, const Reply& given) {
  Answer* found = connection.answer_to(given.sequence);
  if (!found || found->complete || found->aborted) return;
  Answer& answer = *found;
  uint64_t size = given.body_length;
  bool is_wrong_length =
      answer.framing == Answer::Framing::length && (size > answer.left || (given.ends && size < answer.left));
  bool is_raw = answer.framing == Answer::Framing::raw;
  if (is_wrong_length || (given.raw && !is_raw)) return abort(connection, given.sequence);
  if (observing_ && connection.stage == Stage::tunnel) observing_->sends_in_tunnel(connection, given);
  net::ByteBuffer& out = begin_output(connection, answer);
  bool chunked = answer.framing == Answer::Framing::chunked;
  answer.asks |= given.asks;
  if (is_raw) out.append(given.fields);
  if (size > 0 && answer.framing != Answer::Framing::none) {
    answer.left -= std::min(size, answer.left);
    if (chunked) begin_chunk(out, size);
    out.append(given.body);
    if (given.held) put_held(connection, answer, std::move(*given.held));
    if (connection.has_ended()) return;
    if (chunked) end_chunk(out);
  }
  if (given.ends && chunked) end_chunks(out, given.fields);
  if (given.ends && is_raw) answer.close |= given.close;
  finish_output(connection, answer);
  if (given.ends) end_body(connection, answer);
}

void Reactor::end_body(Connection& connection, Answer& answer) {
  answer.complete = true;
  bool was_offered = connection.upgrade_offered() && connection.unanswered.is_last(answer.sequence);
  if (was_offered && connection.stage == Stage::open) decline_offer(connection);
  bool is_last = connection.unanswered.is_last(answer.sequence);
  if (answer.framing == Answer::Framing::raw && connection.stage != Stage::tunnel && is_last) {
    answer.close |= says_no_more(connection);
    if (answer.close) stop_hearing(connection);
  }
  if (&answer != connection.due_answer()) return;
  if (connection.stage == Stage::tunnel) return settle_later(connection);
  bool close = answer.close, streamed = answer.streams;
  remove(connection.answers, answer);
  pass_due(connection, close, streamed);
}

// The answer that was due has been given whole: on to the next, and to those that were given before their turn.
void Reactor::pass_due(Connection& connection, bool close, bool streamed) {
  while (true) {
    uint32_t sequence = connection.unanswered.first();
    connection.unanswered.pass_first();
    if (observing_) observing_->passed(connection);
    if (draining_) count_answered(connection, streamed);
    if (OwnDeadlines* own = connection.own_deadlines()) own->pass(sequence, options_);
    if (connection.is_body_of(sequence)) connection.incoming()->discarded = true;
    if (close) return drop_unanswered(connection);
    Answer* next = connection.due_answer();
    if (!next) return;
    if (next->waiting) put_waiting(connection, std::move(*std::exchange(next->waiting, nullptr)));
    if (next->aborted) return break_off(connection);
    if (next->takes_over) return become_tunnel(connection, next->sequence);
    if (!next->complete) return;
    close = next->close;
    streamed = next->streams;
    remove(connection.answers, *next);
  }
}

// Nothing is said after a response that says close.
void Reactor::drop_unanswered(Connection& connection) {
  connection.stage = std::max(connection.stage, Stage::last);
  if (!connection.unanswered.empty()) {
    if (draining_) count_unanswered(connection, stats_.drained.lost);
    notices_.gone(connection.id);
    connection.answers_for_app = false;
  }
  while (!connection.unanswered.empty()) {
    connection.unanswered.take(connection.unanswered.first());
    connection.unanswered.pass_first();
  }
  connection.answers.clear();
}

// A body that cannot be completed: what the client has of it must not look whole.
void Reactor::abort(Connection& connection, uint32_t sequence) {
  Answer* answer = connection.answer_to(sequence);
  if (!answer) return;
  if (answer != connection.due_answer()) {
    answer->aborted |= !answer->complete;
    return;
  }
  if (connection.stage != Stage::tunnel) return break_off(connection);
  // In a tunnel nothing looks whole that is not; what was said before is still sent.
  select_output(connection);
  flush_output();
  if (connection.has_ended()) return;
  if (connection.has_pending()) return break_off(connection);
  // The app has ended it.
  answer->complete = true;
  drop(connection);
}

void Reactor::break_off(Connection& connection) {
  if (connection.has_ended()) return;
  connection.is_ended_by(Cause::server);
  if (connection.tls) connection.tls->say_no_end();
  net::system::reset_on_close(connection.fd.get());
  drop(connection);
}

// The app wants more of a body.
void Reactor::read_more(Connection& connection, const Reply& given) {
  IncomingBody* incoming = connection.incoming();
  bool may_decline = options_.limits.left_to_app.upgrades && connection.upgrade_offered();
  if (may_decline && connection.unanswered.is_last(given.sequence)) decline_offer(connection);
  if (!incoming || incoming->sequence != given.sequence) return;
  incoming->wanted = true;
  incoming->credit =
      std::min<int64_t>(incoming->credit + static_cast<int64_t>(given.body_length), IncomingBody::kMostCredit);
  settle_later(connection);
}

// The connection is handed over, in its turn.
void Reactor::take_over(Connection& connection, const Reply& given) {
  // Without an offer the connection is read until then, so it must be its turn.
  bool is_plain_due = options_.limits.left_to_app.upgrades && connection.stage == Stage::open &&
                      !connection.input.finished && given.sequence == connection.unanswered.first();
  bool may_take = (connection.upgrade_offered() || is_plain_due) && connection.unanswered.is_last(given.sequence);
  Answer* open = connection.answer_to(given.sequence);
  if (open && open->takes_over) return;
  if (open) {
    bool goes_on = open->framing == Answer::Framing::raw && !open->complete && !open->aborted;
    if (!may_take || !goes_on) return abort(connection, given.sequence);
    open->close = open->takes_over = true;
  } else {
    if (!may_take) return answer(connection, last_answer(given.id, given.sequence, 500));
    if (!connection.unanswered.take(given.sequence)) return;
    if (observing_) observing_->answers(connection, given);
    Answer tunnel = {given.sequence, Answer::Framing::raw};
    tunnel.close = tunnel.takes_over = true;
    connection.answers.push_back(std::move(tunnel));
  }
  if (given.sequence == connection.unanswered.first()) become_tunnel(connection, given.sequence);
}

// What was offered is a plain request.
void Reactor::decline_offer(Connection& connection) {
  Rare& rare = *connection.rare;
  rare.upgrade_offered = false;
  if (rare.incoming) {
    rare.incoming->credit += layout::kBodyWindow;
  } else if (rare.offer_is_last) {
    connection.stage = std::max(connection.stage, Stage::last);
  }
  settle_later(connection);
}

void Reactor::become_tunnel(Connection& connection, uint32_t sequence) {
  connection.stage = Stage::tunnel;
  connection.parser.leave_http();
  Rare& rare = connection.with_rare();
  rare.upgrade_offered = false;
  rare.incoming.emplace(sequence);
  settle_later(connection);
}

// What the app said last is followed by an end of the stream. With both ends there, nothing is left of the tunnel.
bool Reactor::ends_tunnel(Connection& connection) {
  Answer& answer = *connection.due_answer();
  if (!answer.complete || connection.has_pending()) return false;
  if (connection.tls && !say_end_of_session(connection)) return connection.has_ended();
  bool is_told = std::exchange(answer.told_end, true);
  if (!is_told && net::system::shutdown_sending(connection.fd.get()) != 0) return true;
  return connection.input.finished;
}

void Reactor::set_deadlines(Connection& connection, const Reply& given) {
  if (!connection.unanswered.includes(given.sequence)) return;
  std::optional<OwnDeadlines>& own = connection.with_rare().own_deadlines;
  if (!own) {
    own.emplace();
    // With what was answered before.
    bool is_unsent = connection.has_pending() || (output_of_ == &connection && !output_.empty());
    if (is_unsent) own->of_unsent = server_patience(options_);
  }
  own->set(given.sequence, given.deadlines);
  settle_later(connection);
}

}  // namespace brink::reactor
