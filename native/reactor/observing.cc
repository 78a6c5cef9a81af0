#include "reactor/observing.h"

#include <algorithm>
#include <utility>

#include "reactor/reactor.h"

namespace brink::reactor {
namespace {

// Behind the last field line.
constexpr size_t kHeadEndBytes = 4;
// Behind the target, and before the first field line.
constexpr size_t kVersionBytes = sizeof " HTTP/1.1" - 1;

// Of bytes that begin with a status line; 0 of others.
uint16_t status_in(net::Slice bytes) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr size_t kStatusAt = 9;
  if (bytes.size < kStatusAt + 3 || std::string_view(bytes.data, kVersion.size()) != kVersion) return 0;
  int status = 0;
  for (size_t at = kStatusAt; at < kStatusAt + 3; at++) {
    if (bytes.data[at] < '0' || bytes.data[at] > '9') return 0;
    status = 10 * status + (bytes.data[at] - '0');
  }
  return static_cast<uint16_t>(status);
}

// The last run is the target's own.
bool is_own(uint16_t number) { return number / layout::kMeasuredKinds == layout::kMeasuredRuns - 1; }

// Raw answers say it themselves.
uint16_t status_of(const Reply& given) {
  if (!given.raw) return given.status;
  return status_in(given.fields.size > 0 ? given.fields : given.body);
}

}  // namespace

// What was sent before anybody observed stands before the first answer.
Observed& Observing::begun(Connection& connection) {
  std::unique_ptr<Observed>& observed = connection.with_rare().observed;
  if (!observed) {
    observed = std::make_unique<Observed>();
    observed->answered_to = place_in_output(connection);
  }
  return *observed;
}

ObservedRequest* Observing::find(Connection& connection, uint32_t sequence) {
  Observed* observed = connection.observed();
  return observed ? observed->find(sequence) : nullptr;
}

// Behind all that was given so far.
uint64_t Observing::place_in_output(const Connection& connection) const {
  uint64_t framed = reactor_.output_of_ == &connection ? reactor_.output_.size() : 0;
  return connection.bytes_sent + (connection.has_pending() ? connection.output.pending->plain_size() : 0) + framed;
}

bool Observing::on_request(const http::Request& request) {
  Connection& connection = *reactor_.parsing_;
  ObservedRequest& seen = add(connection, connection.unanswered.total());
  seen.method = request.head.method;
  seen.http_1_0 = request.head.http_1_0;
  size_t version_bytes = request.head.fields.empty() ? kVersionBytes : 0;
  seen.bytes_in = request.head_bytes.size + version_bytes + kHeadEndBytes + request.body.size;
  if (request.complete) seen.last_byte_us = reactor_.read_us_;
  if (measurements_) measurements_->count_request();
  if (log_) log_->note_head(seen, request);
  if (request.complete) connection.since.first_byte_us = reactor_.read_us_;
  uint32_t events = reactor_.events_.events();
  bool takes_more = reactor_.on_request(request);
  // Fixed answers are no events.
  requests_in_batch_ += reactor_.events_.events() - events;
  return takes_more;
}

bool Observing::on_body(net::Slice bytes, net::Slice trailers, bool is_last) {
  Connection& connection = *reactor_.parsing_;
  if (ObservedRequest* seen = find(connection, connection.incoming()->sequence)) {
    seen->bytes_in += bytes.size;
    if (is_last) seen->last_byte_us = reactor_.read_us_;
  }
  if (is_last) connection.since.first_byte_us = reactor_.read_us_;
  return reactor_.on_body(bytes, trailers, is_last);
}

void Observing::answers(Connection& connection, const Reply& given) {
  ObservedRequest* seen = find(connection, given.sequence);
  if (!seen || seen->answer_ends != kNotYet) return;
  seen->status = status_of(given);
  if (given.route > 0) seen->route = given.route;
  if (!measurements_) return;
  measurements_->count_number(seen->route);
  belongs_to(*connection.observed(), seen->route);
}

// Without a number, and with the target's own, it goes on with the run that it was of.
void Observing::belongs_to(Observed& observed, uint16_t number) {
  auto run_of = [](uint16_t of) { return of / layout::kMeasuredKinds; };
  bool says_none = number == 0 || is_own(number);
  bool goes_on = run_of(number) == run_of(observed.number) || (says_none && !is_own(observed.number));
  if (observed.has_run && goes_on) return;
  if (observed.has_run) measurements_->count_left(observed.number);
  observed.has_run = true;
  observed.number = number;
  observed.requests_of_run = 0;
  measurements_->count_connection(number);
}

void Observing::passed(Connection& connection) {
  Observed& observed = begun(connection);
  uint64_t ends = place_in_output(connection);
  if (ObservedRequest* seen = observed.find(connection.unanswered.first() - 1)) {
    seen->answer_begins = observed.answered_to;
    seen->answer_ends = ends;
  }
  observed.answered_to = ends;
}

void Observing::taken(Connection& connection) {
  Observed& observed = *connection.observed();
  auto is_taken = [&] { return !observed.empty() && observed.front().answer_ends <= connection.bytes_sent; };
  bool waits = measurements_ && connection.has_pending();
  if (!is_taken() && !waits) return;
  // The turn may have been long, and what is measured is worth three digits.
  uint64_t now_us = measurements_ ? net::system::monotonic_us() : 0;
  while (is_taken()) {
    ObservedRequest& seen = observed.front();
    RequestEnd end = end_of(connection, seen);
    uint64_t bytes_out = seen.answer_ends - seen.answer_begins;
    if (measurements_) measure_end(connection, seen, end, bytes_out, now_us);
    finish(connection, seen, end, bytes_out);
    observed.pop_front();
  }
  if (waits) observed.note_waiting(now_us);
}

void Observing::sends_in_tunnel(Connection& connection, const Reply& given) {
  ObservedRequest* seen = find(connection, given.sequence);
  if (seen && seen->status == 0) seen->status = status_in(given.fields.size > 0 ? given.fields : given.body);
}

void Observing::hears_in_tunnel(Connection& connection, size_t size) {
  if (ObservedRequest* seen = find(connection, connection.unanswered.first())) seen->bytes_in += size;
}

void Observing::says_last(Connection& connection, const Reply& given) {
  ObservedRequest* seen = find(connection, connection.unanswered.first());
  if (seen && seen->status == 0) seen->status = status_in(given.fields.size > 0 ? given.fields : given.body);
  ObservedRequest* meant = measurements_ && given.route > 0 ? find(connection, given.sequence) : nullptr;
  if (!meant || meant->route > 0) return;
  meant->route = given.route;
  measurements_->count_number(given.route);
  belongs_to(*connection.observed(), given.route);
}

// Of one that was answered before nothing more is said.
void Observing::refuses(Connection& connection, uint32_t sequence, http::Refusal refusal) {
  ObservedRequest* seen = find(connection, sequence);
  if (seen && seen->answer_ends == kNotYet) seen->refusal = refusal;
}

void Observing::refuses_head(Connection& connection, uint32_t sequence, http::Refusal refusal, net::Slice head) {
  ObservedRequest& seen = add(connection, sequence);
  seen.bytes_in = head.size;
  seen.refusal = refusal;
  if (measurements_) measurements_->count_request();
  if (log_) log_->note_line(seen, head);
}

void Observing::refuses_connection(Connection& connection, http::Refusal refusal) {
  ObservedRequest& seen = add(connection, connection.unanswered.total());
  seen.is_none = true;
  seen.refusal = refusal;
}

ObservedRequest& Observing::add(Connection& connection, uint32_t sequence) {
  ObservedRequest& seen = begun(connection).add(sequence);
  seen.first_byte_us = connection.since.first_byte_us > 0 ? connection.since.first_byte_us : reactor_.now_us_;
  return seen;
}

void Observing::cuts_off(Connection& connection, http::Refusal refusal) { begun(connection).given_up_for = refusal; }

void Observing::ends(Connection& connection) {
  if (!connection.observed()) {
    if (measurements_) measurements_->count_close_without_request(connection.cause);
    return;
  }
  taken(connection);
  Observed& observed = *connection.observed();
  for (uint64_t begins = observed.answered_to; !observed.empty(); observed.pop_front()) {
    ObservedRequest& seen = observed.front();
    bool is_whole = seen.answer_ends != kNotYet;
    uint64_t from = is_whole ? seen.answer_begins : begins, to = std::min(seen.answer_ends, connection.bytes_sent);
    // Of an answer that is not whole all that was sent is; nothing is of those behind it.
    if (!is_whole) begins = kNotYet;
    if (seen.refusal == http::Refusal::none) seen.refusal = observed.given_up_for;
    RequestEnd end = end_of(connection, seen);
    uint64_t bytes_out = to > from ? to - from : 0;
    if (measurements_) measure_end(connection, seen, end, bytes_out, reactor_.now_us_);
    finish(connection, seen, end, bytes_out);
  }
  if (!measurements_) return;
  // One of which no answer has begun is of no run.
  if (!observed.has_run) belongs_to(observed, 0);
  measurements_->count_close(observed.number, observed.requests_of_run, connection.cause);
}

void Observing::measure_end(Connection& connection, const ObservedRequest& request, RequestEnd end, uint64_t bytes_out,
                            uint64_t now_us) {
  if (request.is_none) return;
  Observed& observed = *connection.observed();
  bool is_whole = request.answer_ends <= connection.bytes_sent;
  measurements_->count_end({request.route, request.status, end, is_whole, request.bytes_in, bytes_out});
  bool is_of_run = observed.has_run && is_own(request.route) == is_own(observed.number);
  if (is_of_run) measurements_->note_requests(observed.number, ++observed.requests_of_run);
  if (end != RequestEnd::answered) return;
  // An answer may be early, and a turn may go by a clock that was read before.
  auto since = [now_us](uint64_t then_us) { return now_us - std::min(now_us, then_us); };
  uint64_t wait_us = request.waits_since_us > 0 ? since(request.waits_since_us) : 0;
  measurements_->count_times(request.route, since(request.last_byte_us), wait_us);
}

RequestEnd Observing::end_of(const Connection& connection, const ObservedRequest& request) const {
  bool is_taken = request.answer_ends <= connection.bytes_sent;
  if (request.refusal != http::Refusal::none) {
    bool was_late = http::is_timeout(request.refusal);
    return was_late ? RequestEnd::timed_out : RequestEnd::refused;
  }
  if (is_taken) return RequestEnd::answered;
  if (reactor_.cutting_) return RequestEnd::cut;
  bool is_due = request.sequence == connection.unanswered.first() && !connection.unanswered.empty();
  if (is_due && connection.stage == Stage::tunnel) return RequestEnd::tunnel;
  bool is_waited_for = request.answer_ends != kNotYet || connection.unanswered.includes(request.sequence);
  if (!is_waited_for) return RequestEnd::unanswered;
  switch (connection.cause) {
    case Cause::timeout:
      return RequestEnd::timed_out;
    case Cause::server:
      return RequestEnd::aborted;
    case Cause::client:
    case Cause::reset:
      break;
  }
  return RequestEnd::client_gone;
}

void Observing::finish(const Connection& connection, ObservedRequest& request, RequestEnd end, uint64_t bytes_out) {
  if (metrics_ && !request.is_none) {
    metrics_->count(request.route, request.method, request.status);
    // How long a connection was something else says nothing about the route.
    uint64_t duration_us = reactor_.now_us_ - std::min(reactor_.now_us_, request.first_byte_us);
    if (end != RequestEnd::tunnel) metrics_->count_duration(request.route, duration_us);
  }
  if (log_) log_->put(request, connection, end, bytes_out, reactor_.now_us_);
}

void Observing::batch_is_delivered() {
  uint32_t requests = std::exchange(requests_in_batch_, 0);
  if (requests == 0) return;
  if (metrics_) metrics_->count_batch(requests);
  if (measurements_) measurements_->count_batch(requests);
}

}  // namespace brink::reactor
