#include "reactor/deadlines.h"

#include "reactor/connection.h"

namespace brink::reactor {
namespace {

constexpr uint64_t kRateWindowMs = 5'000;
constexpr uint64_t kLookAgainMs = 60'000;
constexpr uint64_t kLookAtTurnedAwayMs = 100;
constexpr uint64_t kNever = uint64_t{1} << 62;
// A stream that gives nothing for this part of halfCloseTimeout is quiet: what it could learn by sending it is told.
constexpr uint64_t kQuietPart = 10;

// Answers stand behind each other in what the client has not taken: the time that one of them has is not cut short by
// those behind it.
Patience patience_with_unsent(const Connection& connection, const Options& options) {
  const OwnDeadlines* own = connection.own_deadlines();
  if (!own) return server_patience(options);
  Patience patience = own->of_unsent;
  if (const Answer* due = connection.due_answer()) {
    patience.join(own->with_answer(due->sequence, options));
  }
  return patience.timeout_ms > 0 ? patience : server_patience(options);
}

const Deadlines* own_deadlines_of_body(const Connection& connection) {
  const OwnDeadlines* own = connection.own_deadlines();
  const IncomingBody* incoming = connection.incoming();
  return own && incoming ? own->find(incoming->sequence) : nullptr;
}

uint64_t min_rate_bytes(const Connection& connection, const Options& options, Wait wait) {
  if (wait == Wait::taking) return patience_with_unsent(connection, options).min_rate_bytes;
  const Deadlines* own = own_deadlines_of_body(connection);
  return own && own->min_rate_and_one > 0 ? own->min_rate_and_one - 1 : options.min_rate_bytes;
}

// The kernel takes a large piece of an answer at a time, and then nothing for long: there the window is longer.
uint64_t window_end_ms(const Connection& connection, const Options& options, Wait wait) {
  if (min_rate_bytes(connection, options, wait) == 0) return kNever;
  uint64_t longest_pause_ms = wait == Wait::taking ? patience_with_unsent(connection, options).timeout_ms : 0;
  return connection.window.began_ms + std::max(kRateWindowMs, longest_pause_ms);
}

uint64_t half_closed_deadline_ms(const Connection& connection, const Options& options) {
  bool streams = connection.due_answer() != nullptr;
  uint64_t patience_ms = options.half_close_timeout_ms / (streams ? kQuietPart : 1);
  return std::max(connection.since.closed_ms, connection.since.progress_ms) + patience_ms;
}

}  // namespace

void OwnDeadlines::set(uint32_t sequence, const Deadlines& deadlines) {
  for (OfRequest& own : of_requests_) {
    if (own.sequence == sequence) {
      own.deadlines = deadlines;
      return;
    }
  }
  of_requests_.push_back({sequence, deadlines});
}

const Deadlines* OwnDeadlines::find(uint32_t sequence) const {
  for (const OfRequest& own : of_requests_) {
    if (own.sequence == sequence) return &own.deadlines;
  }
  return nullptr;
}

void OwnDeadlines::pass(uint32_t sequence, const Options& options) {
  of_unsent.join(with_answer(sequence, options));
  // Its body may still be coming.
  auto is_before = [&](const OfRequest& own) { return static_cast<int32_t>(own.sequence - sequence) < 0; };
  of_requests_.erase(std::remove_if(of_requests_.begin(), of_requests_.end(), is_before), of_requests_.end());
}

Patience OwnDeadlines::with_answer(uint32_t sequence, const Options& options) const {
  Patience patience = server_patience(options);
  const Deadlines* own = find(sequence);
  if (own && own->write_ms > 0) patience.timeout_ms = own->write_ms;
  if (own && own->min_rate_and_one > 0) patience.min_rate_bytes = own->min_rate_and_one - 1;
  return patience;
}

uint64_t request_deadline_ms(const Connection& connection, const Options& options) {
  const Deadlines* own = own_deadlines_of_body(connection);
  return connection.since.message_ms + (own && own->request_ms > 0 ? own->request_ms : options.request_timeout_ms);
}

uint64_t taking_deadline_ms(const Connection& connection, const Options& options) {
  return connection.since.progress_ms + patience_with_unsent(connection, options).timeout_ms;
}

bool is_too_slow(const Connection& connection, const Options& options, Wait wait, uint64_t now_ms) {
  uint64_t rate = min_rate_bytes(connection, options, wait);
  return connection.window.bytes < rate * (now_ms - connection.window.began_ms) / 1000;
}

// A body that arrives, and output that is taken, are looked at once a window, too, for their rate.
uint64_t due_ms(const Connection& connection, Wait wait, const Options& options) {
  const Since& since = connection.since;
  switch (wait) {
    case Wait::request:
      return next_request_due_ms(since, options);
    case Wait::announcement: {
      uint64_t due = since.message_ms + options.headers_timeout_ms;
      // A proxy that has said nothing has the time of a client that is between requests.
      bool is_silent = connection.announced()->header.empty();
      return is_silent ? std::min(due, due_ms(connection, Wait::request, options)) : due;
    }
    case Wait::handshake: {
      uint64_t due = since.message_ms + options.handshake_timeout_ms;
      return connection.tls->has_begun() ? due : std::min(due, due_ms(connection, Wait::request, options));
    }
    case Wait::head:
      return since.message_ms + options.headers_timeout_ms;
    case Wait::body:
      return std::min(request_deadline_ms(connection, options), window_end_ms(connection, options, wait));
    case Wait::taking:
      return std::min(taking_deadline_ms(connection, options), window_end_ms(connection, options, wait));
    case Wait::half_closed:
      return half_closed_deadline_ms(connection, options);
    case Wait::lingering:
      return since.looked_ms + (connection.watch.polled ? kLingerMs : kLookAtTurnedAwayMs);
    case Wait::held_back:
      return since.looked_ms + options.half_close_timeout_ms;
    case Wait::nothing:
      break;
  }
  return since.looked_ms + kLookAgainMs;
}

}  // namespace brink::reactor
