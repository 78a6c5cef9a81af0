#include "fuzz/invariants.h"

#include <algorithm>
#include <set>

#include "fuzz/check.h"

namespace brink::fuzz {

using reactor::Connection;
using reactor::Stage;
using reactor::Wait;

namespace {

// For the client. With the others the connection waits for the application.
bool waits_for_client(Wait wait) { return wait != Wait::nothing && wait != Wait::held_back; }

}  // namespace

template <typename Check>
void Invariants::for_each_connection(Check check) const {
  for (uint32_t slot = 0; slot < inside_.connections().slots(); slot++) {
    if (const Connection* connection = inside_.connections().at_slot(slot)) check(*connection);
  }
}

void Invariants::check() const {
  check_descriptors();
  check_table();
  check_ready_list();
  check_listeners();
  check_handing_over();
  check_bodies();
  for_each_connection([this](const Connection& connection) {
    check_readiness(connection);
    check_output(connection);
    check_answers(connection);
    check_stream(connection);
    BRINK_HOLDS(connection.deadline.listed, "client %d: nothing will ever look at it again", connection.peer.port);
  });
}

void Invariants::check_after_turn() const {
  check();
  for_each_connection([this](const Connection& connection) { check_deadline(connection); });
}

// Those that are open are the ones that somebody has, and the poller has those that it was given.
void Invariants::check_descriptors() const {
  size_t connections = 0, polled = 0;
  for_each_connection([&](const Connection& connection) {
    connections++;
    polled += connection.watch.polled;
    BRINK_HOLDS(scene_.kernel.client_of(connection.fd.get()) == connection.peer.port, "client %d: another's descriptor",
                connection.peer.port);
    BRINK_HOLDS(scene_.poller.is_watched(connection.fd.get()) == connection.watch.polled,
                "client %d: the poller does not have it, or has it still", connection.peer.port);
  });
  size_t others = inside_.listeners() + (scene_.waker != net::kNoDescriptor ? 1 : 0);
  BRINK_HOLDS(scene_.kernel.open_descriptors() == connections + others,
              "%zu descriptors are open, for %zu connections and %zu others", scene_.kernel.open_descriptors(),
              connections, others);
  BRINK_HOLDS(scene_.poller.watched() == polled + others, "the poller has %zu descriptors, for %zu connections",
              scene_.poller.watched(), polled);
  BRINK_HOLDS(inside_.turned_away() == connections - polled, "%zu are turned away, and %zu of them counted",
              connections - polled, inside_.turned_away());
}

void Invariants::check_table() const {
  size_t found = 0;
  for (uint32_t slot = 0; slot < inside_.connections().slots(); slot++) {
    const Connection* connection = inside_.connections().at_slot(slot);
    if (!connection) continue;
    found++;
    BRINK_HOLDS(connection->id.slot == slot && connection->deadline.slot == slot, "slot %u holds another's connection",
                slot);
    BRINK_HOLDS(inside_.connections().find(connection->id) == connection, "slot %u: its generation is not its own",
                slot);
    BRINK_HOLDS(!connection->has_ended(), "slot %u: its connection has ended, and is found", slot);
    BRINK_HOLDS(!connection->rare || !connection->rare->is_empty(), "slot %u keeps room for what it has not", slot);
  }
  BRINK_HOLDS(found == inside_.connections().open(), "%zu connections, and %zu counted", found,
              inside_.connections().open());
}

const Client& Invariants::client_of(const Connection& connection) const {
  return scene_.kernel.client(connection.peer.port);
}

const Transcript& Invariants::transcript_of(const Connection& connection) const {
  return scene_.conversations[connection.peer.port].transcript;
}

bool Invariants::is_given_up(const Connection& connection) const {
  return scene_.conversations[connection.peer.port].is_given_up;
}

bool Invariants::nothing_is_in_its_way(const Connection& connection) const {
  return inside_.may_read(connection) || connection.stage >= Stage::last;
}

// What has arrived is known to the connection, or the poller will tell of it; and if nothing is in the connection's way
// it stands in the ready list. One that the poller does not have is looked at by the clock.
void Invariants::check_readiness(const Connection& connection) const {
  int client = connection.peer.port;
  bool free = nothing_is_in_its_way(connection);
  bool has_unread = inside_.may_read(connection) && connection.parser.has_unread();
  bool has_use_for_it = has_unread || (free && connection.input.readable && !connection.input.finished);
  if (connection.watch.polled) {
    BRINK_HOLDS(!has_use_for_it || connection.in_ready_list, "client %d: a readiness that nobody will use", client);
  }
  if (!connection.watch.polled || connection.input.finished || !client_of(connection).has_news_to_read()) return;
  bool known = connection.input.readable || scene_.poller.will_tell_readable(connection.fd.get());
  // By levels it is told again as soon as it is wanted: when something is in its way no longer, or there is a block.
  bool may_wait = !scene_.poller.by_edges() && (!free || connection.in_ready_list);
  BRINK_HOLDS(known || may_wait, "client %d: a readiness is lost", client);
}

// Output that is left waits for room, or for its turn, and is within its bound: the mark above which nothing is read,
// the answers to what may have been read before, and what was given of streams.
void Invariants::check_output(const Connection& connection) const {
  uint64_t size = connection.has_pending() ? connection.output.pending->size() : 0;
  if (size > 0) {
    bool will_go_on = !connection.watch.polled || client_of(connection).free_room() == 0 || connection.in_ready_list ||
                      scene_.poller.will_tell_writable(connection.fd.get());
    BRINK_HOLDS(will_go_on, "client %d: there is room, and nobody will use it", connection.peer.port);
  }
  if (is_given_up(connection)) return;
  for (const reactor::Answer& answer : connection.answers) size += answer.waiting ? answer.waiting->size() : 0;
  constexpr size_t kMostOfHead = 512;
  uint64_t answers = scene_.options.max_pipelined + 1;
  uint64_t bound = scene_.options.max_pending_output_bytes +
                   answers * (kMostOfHead + scene_.application.replies().largest()) +
                   transcript_of(connection).most_outstanding(true);
  BRINK_HOLDS(size <= bound, "client %d: %llu bytes are pending, of %llu at the most", connection.peer.port,
              static_cast<unsigned long long>(size), static_cast<unsigned long long>(bound));
}

// The client was sent whole answers to the requests that are done with, and what there is of the one that is going on,
// but for what is pending; none that could go out is held back.
void Invariants::check_answers(const Connection& connection) const {
  if (is_given_up(connection)) return;
  const Transcript& transcript = transcript_of(connection);
  uint32_t first = connection.unanswered.first();
  if (!connection.has_pending() && !transcript.said_close()) {
    BRINK_HOLDS(transcript.complete() == first, "client %d: has %u answers, and %u are done with", connection.peer.port,
                transcript.complete(), first);
    bool is_whole = connection.due_answer() ? transcript.is_up_to_date() : transcript.is_between_responses();
    BRINK_HOLDS(is_whole, "client %d: more of the answer to request %u was given than sent", connection.peer.port,
                first);
  }
  std::set<uint32_t> begun;
  for (const reactor::Answer& answer : connection.answers) {
    bool is_wanted = connection.unanswered.includes(answer.sequence) && begun.insert(answer.sequence).second;
    BRINK_HOLDS(is_wanted, "client %d: the answer to request %u is kept twice, or for nobody", connection.peer.port,
                answer.sequence);
    BRINK_HOLDS(answer.sequence != first || !answer.waiting,
                "client %d: the answer to request %u waits though it is due", connection.peer.port, first);
  }
  const Expected* given = connection.unanswered.empty() ? nullptr : transcript.find(first);
  if (!given) return;
  bool goes_on = connection.due_answer() && (!given->ended || given->framing == Framing::raw);
  BRINK_HOLDS(goes_on, "client %d: the answer to request %u is there, and not sent", connection.peer.port, first);
  BRINK_HOLDS(!given->aborted, "client %d: the answer to request %u is broken off, and the connection is not",
              connection.peer.port, first);
}

// Whoever asked to be told that there is room is told as soon as there is.
void Invariants::check_stream(const Connection& connection) const {
  const reactor::Answer* due = connection.due_answer();
  if (!due || is_given_up(connection)) return;
  constexpr uint64_t kRoom = 64 * 1024;
  const Expected* given = transcript_of(connection).find(due->sequence);
  BRINK_HOLDS(given, "client %d: an answer that nobody gave", connection.peer.port);
  // The writer of bytes as they are has them back then.
  bool has_room =
      !connection.has_pending() || (given->framing < Framing::as_given && connection.output.pending->size() < kRoom);
  bool is_on_its_way = inside_.has_small_events() || inside_.has_undelivered_events();
  BRINK_HOLDS(!given->asks || !has_room || is_on_its_way, "client %d: there is room, and nobody is told",
              connection.peer.port);
}

bool Invariants::is_looked_at_next(const Connection& connection) const {
  using Wheel = net::DeadlineWheel;
  uint64_t next_step = scene_.kernel.now_ms() / Wheel::kStepMs + 1;
  return connection.deadline.bucket == next_step % Wheel::kBuckets;
}

// Nothing is overdue, and whoever waits for its client waits for a limited time.
void Invariants::check_deadline(const Connection& connection) const {
  uint64_t now = scene_.kernel.now_ms(), due = connection.deadline.due_ms;
  int client = connection.peer.port;
  bool overdue = connection.deadline.listed && due + 2 * net::DeadlineWheel::kStepMs <= now;
  // A time that had passed when it was set, as that of a head which nobody could read, is looked at in the next step.
  BRINK_HOLDS(!overdue || is_looked_at_next(connection), "client %d: overdue", client);
  Wait wait = inside_.wait_of(connection);
  const reactor::Options& options = scene_.options;
  uint64_t longest = wait == Wait::request        ? options.keep_alive_timeout_ms
                     : wait == Wait::head         ? options.headers_timeout_ms
                     : wait == Wait::announcement ? options.headers_timeout_ms
                     : wait == Wait::handshake    ? options.handshake_timeout_ms
                     : wait == Wait::body         ? options.request_timeout_ms
                     : wait == Wait::taking       ? options.write_timeout_ms
                     : wait == Wait::half_closed  ? options.half_close_timeout_ms
                                                  : 5'000;
  const Conversation& with = scene_.conversations[connection.peer.port];
  if (wait == Wait::taking) {
    // The longest is in force until nothing waits to be taken; the server's, where something waited before there were
    // others.
    longest = std::max(longest, with.range(&OwnDeadlines::write_ms, 0, connection.unanswered.first(), longest).most);
  }
  if (wait == Wait::body && connection.incoming()) {
    uint32_t sequence = connection.incoming()->sequence;
    longest = with.range(&OwnDeadlines::request_ms, sequence, sequence, longest).most;
  }
  // It has sent, and is looked at again when the application gave a block back.
  longest = std::max<uint64_t>(longest, 500);
  BRINK_HOLDS(!waits_for_client(wait) || due <= now + longest, "client %d: may stay for %llu ms", client,
              static_cast<unsigned long long>(due - now));
}

void Invariants::check_ready_list() const {
  const auto& ready = inside_.ready();
  for_each_connection([&](const Connection& connection) {
    auto is_it = [&](reactor::ConnectionId id) { return id.token() == connection.id.token(); };
    auto times = std::count_if(ready.begin(), ready.end(), is_it);
    BRINK_HOLDS(times == (connection.in_ready_list ? 1 : 0), "client %d: stands in the ready list %d times",
                connection.peer.port, static_cast<int>(times));
  });
  BRINK_HOLDS(ready.empty() || scene_.reactor.has_work() || scene_.application.holds_blocks(),
              "the ready list waits for a block, and all are free");
}

void Invariants::check_listeners() const {
  if (scene_.waker != net::kNoDescriptor && scene_.kernel.is_raised(scene_.waker)) {
    BRINK_HOLDS(scene_.poller.will_tell_readable(scene_.waker), "a wake-up is lost");
  }
  if (scene_.kernel.waiting() == 0) return;
  for (size_t i = 0; i < inside_.listeners(); i++) {
    bool known = inside_.listener_is_readable(i) && scene_.reactor.next_deadline_ms() >= 0;
    BRINK_HOLDS(known || scene_.poller.will_tell_readable(inside_.listener(i)), "a waiting client is forgotten");
  }
}

void Invariants::check_handing_over() const {
  bool may_wait = scene_.application.holds_blocks() || scene_.reactor.has_work();
  BRINK_HOLDS(may_wait || !inside_.has_undelivered_events(), "a batch is kept, and somebody would take it");
  BRINK_HOLDS(may_wait || !inside_.has_small_events(), "something is to be told, and there is room to tell it");
}

// A body is given back when its last byte is sent, or when nobody is left to send it to.
void Invariants::check_bodies() const {
  size_t wanted = 0;
  for_each_connection([&](const Connection& connection) { wanted += transcript_of(connection).bodies_on_their_way(); });
  bool is_known = true;
  for_each_connection([&](const Connection& connection) { is_known &= !is_given_up(connection); });
  int64_t out = bodies_out();
  BRINK_HOLDS(!is_known || out <= static_cast<int64_t>(wanted), "%d bodies are kept, and %zu are wanted",
              static_cast<int>(out), wanted);
}

// Of memory and of files, that the reactor has.
int64_t Invariants::bodies_out() const {
  const ReplyBlock& replies = scene_.application.replies();
  return replies.bodies_out() + static_cast<int64_t>(scene_.kernel.open_files()) - replies.files_kept();
}

void Invariants::check_after_cut() const {
  check();
  BRINK_HOLDS(scene_.reactor.idle() && inside_.listeners() == 0, "something is left when all was cut");
  const reactor::DrainedWork drained = scene_.reactor.stats().drained;
  uint64_t requests = uint64_t{drained.answered.requests} + drained.cut.requests + drained.lost.requests;
  BRINK_HOLDS(requests < (uint64_t{1} << 31), "a request is counted twice, or less than none");
  BRINK_HOLDS(bodies_out() == 0, "%d bodies are kept when all was cut", static_cast<int>(bodies_out()));
  BRINK_HOLDS(inside_.wheel().next_check_ms(inside_.now_ms()) < 0, "a deadline is left when all was cut");
}

}  // namespace brink::fuzz
