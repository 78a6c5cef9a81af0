// The reactor's part that sends. Answers to one connection that follow each other leave in one call; what the socket
// does not take is pending, and goes on at the next writable edge.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

// A stream that asked to be told goes on below this.
constexpr size_t kDrainedBytes = 64 * 1024;

// What is in the output is the last that is said: the end may leave with it, in one segment.
bool ends_behind_output(const Connection& connection) {
  bool is_closing = connection.stage == Stage::last || connection.stage == Stage::refused;
  return is_closing && connection.unanswered.empty();
}

net::PendingOutput& waiting_of(Answer& answer) {
  if (!answer.waiting) answer.waiting = std::make_unique<net::PendingOutput>();
  return *answer.waiting;
}

}  // namespace

// Where the bytes of an answer are framed, until finish_output().
net::ByteBuffer& Reactor::begin_output(Connection& connection, const Answer& answer) {
  if (answer.sequence != connection.unanswered.first()) return early_output_;
  select_output(connection);
  return output_;
}

// Puts what is sent from where it lies behind what was framed.
void Reactor::put_held(Connection& connection, Answer& answer, net::HeldBytes body) {
  if (!body.is_given()) return;
  if (answer.sequence != connection.unanswered.first()) {
    finish_output(connection, answer);
    return waiting_of(answer).append(std::move(body));
  }
  send(connection, output_.slice(), std::move(body));
  output_.clear();
}

void Reactor::finish_output(Connection& connection, Answer& answer) {
  if (answer.sequence == connection.unanswered.first()) return;
  waiting_of(answer).append(early_output_.slice());
  early_output_.clear();
}

// What was given before its turn is due now.
void Reactor::put_waiting(Connection& connection, net::PendingOutput waiting) {
  select_output(connection);
  if (!connection.has_pending()) has_unoffered_pending_ = true;
  net::PendingOutput& pending = connection.output.with_pending();
  pending.append(output_.slice());
  output_.clear();
  pending.append(std::move(waiting));
}

void Reactor::change_output(Connection& connection) {
  flush_output();
  output_of_ = &connection;
}

void Reactor::flush_output() {
  Connection* selected = std::exchange(output_of_, nullptr);
  if (!selected) return;
  Connection& connection = *selected;
  if (!connection.has_ended()) {
    connection.since.idle_ms = now_ms_;
    if (!output_.empty()) send(connection, output_.slice(), {}, ends_behind_output(connection));
    if (has_unoffered_pending_ && !connection.has_ended()) {
      connection.since.progress_ms = now_ms_;
      connection.window.restart(now_ms_);
      send_rest(connection);
    }
  }
  has_unoffered_pending_ = false;
  output_.clear();
  settle(connection);
}

void Reactor::send(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows) {
  if (connection.is_sealed()) return send_plain(connection, bytes, std::move(body), end_follows);
  if (connection.has_pending()) {
    connection.output.pending->append(bytes);
    connection.output.pending->append(std::move(body));
    return;
  }
  connection.since.progress_ms = now_ms_;
  connection.window.restart(now_ms_);
  if (body.file) {
    net::PendingOutput& pending = connection.output.with_pending();
    pending.append(bytes);
    pending.append(std::move(body));
    send_rest(connection);
    return;
  }
  if (connection.output.unsent_limit_lifted) {
    net::system::limit_unsent(connection.fd.get(), true);
    connection.output.unsent_limit_lifted = false;
  }
  net::Slice slices[2] = {bytes, {nullptr, 0}};
  size_t count = body.size() > 0 ? 2 : 1, size = bytes.size + static_cast<size_t>(body.size());
  int64_t sent;
  do {
    bool is_there = count == 1 || body.find(&slices[1]);
    sent = is_there ? net::system::send(connection.fd.get(), slices, count, end_follows) : net::kMemoryChanged;
    stats_.sends.all++;
  } while (sent == -EINTR);
  if (sent == -EAGAIN || sent == -EWOULDBLOCK) {
    stats_.sends.full++;
    sent = 0;
  }
  if (sent < 0) {
    stats_.resets++;
    if (sent != net::kMemoryChanged) return drop_broken(connection);
    notices_.body_changed(connection.id);
    return break_off(connection);
  }
  stats_.bytes_out += static_cast<uint64_t>(sent);
  connection.bytes_sent += static_cast<uint64_t>(sent);
  size_t taken = static_cast<size_t>(sent);
  if (taken == size) return;
  stats_.partial_writes++;
  net::PendingOutput& pending = connection.output.with_pending();
  if (taken < bytes.size) pending.append(net::Slice{bytes.data + taken, bytes.size - taken});
  bool is_held = body.is_given();
  pending.append(std::move(body), taken > bytes.size ? taken - bytes.size : 0);
  // See PendingOutput::send_to: that it took less does not prove that it is full.
  if (is_held && sent > 0) send_rest(connection);
}

// Of what was not taken before. False when the connection broke over it.
bool Reactor::send_rest(Connection& connection) {
  Output& output = connection.output;
  uint64_t before = output.pending->plain_size();
  net::PendingOutput::Sent sent =
      connection.is_sealed() ? send_rest_sealed(connection)
                             : output.pending->send_to(connection.fd.get(), &output.unsent_limit_lifted, stats_.sends);
  connection.bytes_sent += before - output.pending->plain_size();
  if (sent.bytes < 0) {
    stats_.resets++;
    bool is_ours = sent.bytes == net::kMemoryChanged || sent.bytes == -EIO || sent.bytes == net::kSealingBroke;
    if (sent.bytes == net::kMemoryChanged) notices_.body_changed(connection.id);
    if (!is_ours) connection.is_ended_by(Cause::reset);
    break_off(connection);
    return false;
  }
  stats_.bytes_out += static_cast<uint64_t>(sent.bytes);
  connection.window.bytes += static_cast<uint32_t>(std::min<int64_t>(sent.bytes, INT32_MAX));
  if (sent.bytes > 0) connection.since.progress_ms = now_ms_;
  output.takes_more = sent.takes_more;
  if (output.pending->empty()) {
    output.pending.reset();
    count_taken(connection);
    connection.since.idle_ms = now_ms_;
    connection.window.restart(now_ms_);
  }
  return true;
}

// RFC 9110, 10.1.1: the client holds its body back until it is asked for it. Not before the answers that are due first.
void Reactor::offer_continue(Connection& connection) {
  const IncomingBody* incoming = connection.incoming();
  if (!incoming || !incoming->wanted || connection.has_pending() || connection.due_answer()) return;
  if (connection.unanswered.first() != incoming->sequence || !connection.parser.take_continue_wanted()) return;
  connection.since.message_ms = now_ms_;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  send(connection, {kContinue.data(), kContinue.size()}, {});
}

// A stream that waits for room goes on when its output has been taken.
void Reactor::tell_drained(Connection& connection) {
  Answer* answer = connection.due_answer();
  if (!answer || !answer->asks) return;
  // The writer of raw bytes has them back when it is told: none of them may be held by reference any more.
  uint64_t most = answer->framing == Answer::Framing::raw ? 1 : kDrainedBytes;
  if (connection.output.pending && connection.output.pending->size() >= most) return;
  answer->asks = false;
  notices_.drained(connection.id, answer->sequence);
}

}  // namespace brink::reactor
