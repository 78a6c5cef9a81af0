#include "fuzz/world.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuzz/check.h"
#include "fuzz/expectations.h"
#include "fuzz/fake_kqueue.h"

// The instructions of a script. Whatever is none is a turn.
//
//   a client    c connects, C many connect, s sends a text, S sends it many times, f finishes, r resets,
//               n takes no more, m takes so much more, N takes all again; over TLS: y changes its key, Y ends its
//               session, i sends nonsense
//   the system  t turn, z sleep and turn, T time jumps, W the wall clock jumps, p a call's outcome, o order of
//               readiness, x readiness that is none, X readiness of the gone, l limit of descriptors, w wake-up
//   above       A answers at once or not, together or one by one, u how it answers, U what it does with uploads,
//               a answers one, d answers it again, q answers nobody, h a piece of a stream, k breaks it off,
//               E ends a connection, L changes memory that is lent, P the same when it is looked at, e reads on, j
//               deadlines, g sends what was answered, Q raw replies, b gives a block back, B refuses batches, v drains
//               or cuts within the next delivery, D drains, G with a grace, K cuts, M measures requests from now on

namespace brink::fuzz {
namespace {

constexpr size_t kMostClients = 300;  // more than are accepted in a turn
constexpr size_t kMostBytesSent = 200 * 1024;

std::unique_ptr<FakePoller> open_poller(FakeKernel& kernel, FakePoller::Trigger trigger) {
  if (trigger == FakePoller::Trigger::kqueue) return std::make_unique<KqueuePoller>(kernel);
  return std::make_unique<FakePoller>(kernel, trigger);
}

}  // namespace

World::World(const Setup& setup)
    : setup_(setup),
      kernel_(*this),
      application_(
          setup.is_inline, setup.blocks,
          {[this](const ToldRequest& request) { on_request(request); }, [this](const ToldBody& body) { on_body(body); },
           [this](reactor::ConnectionId id, bool half) { with(id).hearing.on_gone(half); },
           [this](reactor::ConnectionId id, uint32_t sequence) {
             if (!with(id).is_given_up) with(id).transcript.on_drained(sequence);
           },
           [this](reactor::ConnectionId id, size_t client) { on_opened(id, client); },
           [this](reactor::ConnectionId id) { with(id).hearing.on_closed(); },
           [this](reactor::ConnectionId id, uint32_t refusal, net::Slice packet) {
             with(id).hearing.on_refused(refusal, packet);
           },
           [this](reactor::Replies replies) { apply(std::move(replies)); }, [this] { reactor_->resume(); }}) {
  kernel_.reuse_numbers(setup.reuses_numbers);
  std::unique_ptr<FakePoller> poller = open_poller(kernel_, setup.trigger);
  poller_ = poller.get();
  waker_.open();
  reactor_ = std::make_unique<reactor::Reactor>(setup_.options, std::move(poller), application_);
  reactor_->add_waker(waker_);
  for (size_t i = 0; i < setup.listeners; i++) {
    reactor_->add_listener(net::Fd(kernel_.open_listener()), i > 0, setup.proxy_headers,
                           setup.speaks_tls ? toy_contexts() : nullptr);
  }
}

World::~World() { poller_->remove(waker_.descriptor()); }

Invariants World::invariants() const {
  return Invariants({kernel_, *poller_, application_, *reactor_, setup_.options, conversations_, waker_.descriptor()});
}

void World::step(Script& script) {
  char instruction = static_cast<char>(script.byte());
  if (instruction == 'z') return sleep();
  bool known = step_of_client(instruction, script) || step_of_kernel(instruction, script) ||
               step_of_application(instruction, script) || step_of_a_stream(instruction, script);
  if (!known) return turn(0);
  invariants().check();
  read_log();
}

void World::read_log() {
  if (setup_.options.log) logged_.read(*setup_.options.log, kernel_, conversations_);
}

bool World::step_of_client(char instruction, Script& script) {
  if (instruction == 'c' || instruction == 'C') return connect(instruction == 'c' ? 1 : script.amount()), true;
  constexpr std::string_view kOfAClient = "sSfrmnNyYi";
  if (kOfAClient.find(instruction) == kOfAClient.npos) return false;
  size_t client = script.below(kernel_.clients());
  size_t times = instruction == 'S' ? script.amount() : 1;
  if (kernel_.clients() == 0) return true;
  switch (instruction) {
    case 's':
    case 'S':
      client_sends(client, script.text(), times);
      break;
    case 'f':
      kernel_.finish(client);
      break;
    case 'r':
      kernel_.reset(client, script.below(2) ? ETIMEDOUT : ECONNRESET);
      break;
    case 'y':
      kernel_.send_record(client, toy::key_update);
      break;
    case 'Y':
      kernel_.send_record(client, toy::alert);
      kernel_.finish(client);
      break;
    case 'i':
      if (setup_.speaks_tls) conversations_[client].give_up();
      kernel_.send_record(client, toy::nonsense);
      break;
    case 'm':
      kernel_.make_room(client, script.amount());
      break;
    default:
      kernel_.take_all(client, instruction == 'N');
      break;
  }
  return true;
}

bool World::step_of_kernel(char instruction, Script& script) {
  switch (instruction) {
    case 'T':
      kernel_.advance(script.milliseconds());
      return true;
    case 'W':
      kernel_.set_wall_clock((int64_t{script.byte()} - 20) * (1 << 26));
      return true;
    case 'p':
      plan_outcome(script);
      return true;
    case 'o': {
      uint8_t order = script.byte();
      poller_->order_next({order & 15u, order >> 5 ? order >> 5 : SIZE_MAX, (order & 16) != 0});
      return true;
    }
    case 'x': {
      size_t client = script.below(kernel_.clients());
      uint8_t what = script.byte();
      if (kernel_.clients() == 0) return true;
      poller_->tell_falsely(kernel_.client(client).descriptor, what & 1, what & 2);
      return true;
    }
    case 'X':
      poller_->tell_of_the_gone(script.byte());
      return true;
    case 'l':
      kernel_.limit_descriptors(script.below(12));
      return true;
    case 'w':
      waker_.raise();
      return true;
    default:
      return false;
  }
}

// What each call may answer, besides success: whatever a real system does, at any time.
void World::plan_outcome(Script& script) {
  static constexpr int kOutcomes[kCalls][8] = {
      {0, -EAGAIN, -EINTR, -EMFILE, -ENFILE, -ENOMEM, -ECONNABORTED, -ENOBUFS},       // accept
      {0, -EAGAIN, -EINTR, -ECONNRESET, -ETIMEDOUT, -EINTR, -ENOMEM, -EHOSTUNREACH},  // receive
      {0, -EAGAIN, -EINTR, -ECONNRESET, -EPIPE, -EAGAIN, -ENOMEM, -ENOBUFS},          // send
      {0, -ENOTCONN, 0, -ENOTCONN, 0, 0, 0, 0},                                       // shutdown
      {0, -ENOSPC, -ENOMEM, -ENOSPC, 0, -ENOSPC, -ENOMEM, 0},                         // watch
      {0, -EINTR, -ENOMEM, -EBADF, 0, 0, 0, 0},                                       // wait
  };
  size_t call = script.below(kCalls);
  uint8_t outcome = script.byte();
  bool is_short = outcome >= 8;
  kernel_.plan(static_cast<Call>(call), is_short ? outcome - 7 : kOutcomes[call][outcome]);
}

bool World::step_of_application(char instruction, Script& script) {
  uint8_t which = 0, kind = 0;
  switch (instruction) {
    case 'A':
      which = script.byte();
      application_.answer_at_once(which & 1, which & 2);
      return true;
    case 'u':
      kind = script.byte();
      application_.usual_reply(static_cast<ReplyKind>(kind % kReplyKinds), script.amount());
      return true;
    case 'a':
      which = script.byte();
      kind = script.byte();
      application_.answer(which, static_cast<ReplyKind>(kind % kReplyKinds), script.amount());
      return true;
    case 'd':
      application_.answer_again(script.byte());
      return true;
    case 'q': {
      uint8_t slot = script.byte(), generation = script.byte(), sequence = script.byte();
      application_.answer_nobody(slot, generation, sequence & 31, sequence >> 5);
      return true;
    }
    case 'g':
      application_.send();
      return true;
    case 'Q':
      send_raw_replies(script);
      return true;
    case 'b':
      application_.give_block_back(script.byte());
      return true;
    case 'B':
      application_.refuse_batches(script.byte() & 1);
      return true;
    case 'v':
      application_.do_in_delivery(script.byte() & 1 ? std::function<void()>([this] { cut(); })
                                                    : std::function<void()>([this] { drain(); }));
      return true;
    case 'D':
      drain();
      return true;
    case 'G':
      drain(script.milliseconds());
      return true;
    case 'K':
      cut();
      return true;
    case 'M':
      if (!setup_.options.metrics) reactor_->measure(std::make_shared<reactor::Metrics>(uint16_t{2}));
      return true;
    default:
      return false;
  }
}

bool World::step_of_a_stream(char instruction, Script& script) {
  uint8_t which = 0, how = 0;
  switch (instruction) {
    case 'U':
      application_.treat_uploads(static_cast<Uploads>(script.byte() & 3));
      return true;
    case 'h':
      which = script.byte();
      how = script.byte();
      application_.add_chunk(which, how, script.amount());
      return true;
    case 'k':
      application_.abort(script.byte());
      return true;
    case 'E':
      which = script.byte();
      how = script.byte();
      application_.end_connection(which, how, script.amount());
      return true;
    case 'e':
      which = script.byte();
      application_.read_more(which, static_cast<uint32_t>(script.amount()));
      return true;
    case 'L':
      which = script.byte();
      application_.change_lent(which, static_cast<ReplyBlock::Change>(script.byte() & 3));
      return true;
    case 'P':
      how = script.byte();
      application_.change_next_lent(how >> 2 & 7, static_cast<ReplyBlock::Change>(how & 3));
      return true;
    case 'j': {
      which = script.byte();
      uint32_t request_ms = static_cast<uint32_t>(script.milliseconds());
      uint32_t write_ms = static_cast<uint32_t>(script.milliseconds());
      application_.set_deadlines(which, request_ms, write_ms, script.byte());
      return true;
    }
    default:
      return false;
  }
}

// Words that are mostly small, since that is what slots, generations, sequences and flags are.
void World::send_raw_replies(Script& script) {
  std::vector<size_t> bodies(script.below(4));
  for (size_t& body : bodies) body = script.amount();
  std::string bytes = script.text();
  std::vector<uint32_t> words;
  for (std::string codes = script.text(); words.size() < codes.size() && words.size() < layout::kBlockWords;) {
    uint8_t code = static_cast<uint8_t>(codes[words.size()]);
    static constexpr uint32_t kTelling[16] = {
        200,
        204,
        304,
        500,
        0xffffffff,
        0x80000000u,
        0x7fffffffu,
        layout::kBlockBytes,
        layout::kBlockBytes - 1,
        layout::kFlagReplyRaw,
        1000,
        999,
        layout::kFlagReplyStream,
        layout::kFlagReplyStream | layout::kFlagReplySized,
        layout::kFlagChunkEnd,
        layout::kFlagChunkAsks,
    };
    words.push_back(code < 0xf0 ? code : kTelling[code - 0xf0u]);
  }
  application_.send_raw(words, bytes, bodies);
}

void World::connect(size_t count) {
  for (size_t i = 0; i < count && kernel_.clients() < kMostClients; i++) {
    size_t client = kernel_.connect(setup_.speaks_tls);
    conversations_.emplace_back(client, kernel_.client(client));
    if (setup_.options.tells_connections) conversations_.back().hearing.tells_connections();
    // Of those that only may, the clients with an IPv4 address are trusted.
    auto proxy_headers = setup_.proxy_headers;
    bool is_trusted = proxy_headers == reactor::ProxyHeaders::required || client % 2 == 0;
    if (proxy_headers != reactor::ProxyHeaders::off && is_trusted) conversations_.back().hearing.may_announce();
  }
}

void World::client_sends(size_t client, const std::string& bytes, size_t times) {
  std::string all;
  for (size_t i = 0; i < times && bytes_sent_ + all.size() + bytes.size() <= kMostBytesSent; i++) all += bytes;
  bytes_sent_ += all.size();
  kernel_.send(client, all);
}

void World::turn(int timeout_ms) {
  reactor_->turn(timeout_ms);
  application_.catch_up();
  invariants().check_after_turn();
  read_log();
}

// As the hosts do.
void World::sleep() {
  int64_t deadline = reactor_->next_deadline_ms();
  turn(reactor_->has_work() ? 0 : static_cast<int>(std::min<int64_t>(deadline, 1 << 30)));
}

void World::apply(reactor::Replies replies) {
  expect_replies(replies, {*reactor_}, conversations_);
  bool was = std::exchange(applying_, true);
  reactor_->apply(std::move(replies));
  applying_ = was;
}

void World::drain(uint64_t grace_ms) {
  draining_ = true;
  reactor_->drain(grace_ms);
}

void World::cut() {
  bool was = std::exchange(cutting_, true);
  reactor_->cut();
  cutting_ = was;
}

void World::end() {
  application_.refuse_batches(false);
  kernel_.forget_plans();
  come_to_rest();
  // For a time without answers: clients that are waited for are given up.
  for (int turns = 0; turns < 30; turns++) sleep();
  application_.answer_at_once(false);
  size_t most = 1000 + bytes_sent_;
  for (size_t patience = most; !reactor_->idle() || (kernel_.waiting() > 0 && reactor_->next_deadline_ms() >= 0);) {
    BRINK_HOLDS(patience-- > 0, "clients are left when all is answered and time goes on");
    sleep();
    application_.answer_all();
    application_.give_all_blocks_back();
    // A tunnel has no end but by both sides' will. Now and then, since that speaks of all that there ever were.
    if (patience < most - 200 && patience % 50 == 0) application_.abort_streams();
  }
  cut();
  application_.answer_all();
  application_.give_all_blocks_back();
  turn(0);
  invariants().check_after_cut();
  for (const Conversation& conversation : conversations_) check_told_gone(conversation);
  read_log();
  if (!setup_.options.log) return;
  logged_.check_all_are_there(kernel_, conversations_);
  if (setup_.options.metrics) logged_.check_all_are_measured(*setup_.options.metrics);
  if (!setup_.options.measurements) return;
  logged_.check_all_are_measured(*setup_.options.measurements, reactor_->stats().accepted);
}

// When nothing happens outside, and no time passes, the reactor has nothing to do in the end.
void World::come_to_rest() {
  for (size_t patience = 1000 + bytes_sent_; reactor_->has_work() || poller_->has_something_to_tell();) {
    BRINK_HOLDS(patience-- > 0, "there is always something to do, and nothing comes of it");
    turn(0);
  }
}

void World::on_sent(size_t client, const char* bytes, size_t size) {
  Conversation& conversation = conversations_[client];
  conversation.last_sent_ms = conversation.taken_ms = kernel_.now_ms();
  conversation.sent_bytes += size;
  if (conversation.finds_in(kernel_.client(client).sent, "HEAD ")) conversation.transcript.may_have_asked_for_head();
  conversation.transcript.read(bytes, size);
  if (conversation.transcript.is_given_up() && !conversation.is_given_up) conversation.give_up();
  BRINK_HOLDS(conversation.transcript.interim() <= conversation.hearing.continues_due() || conversation.is_given_up,
              "client %zu: told to go on, and nobody wants it", client);
}

void World::on_end_said(size_t client) { check_ended_in_order(client); }

void World::on_closed(size_t client) {
  Conversation& conversation = conversations_[client];
  conversation.ended_within_apply |= applying_;
  bool was_cut_off = cut_off() > cut_off_seen_;
  bool was_in_time = count_of(http::Refusal::WRITE_TIMEOUT) > write_timeouts_seen_;
  cut_off_seen_ = cut_off();
  write_timeouts_seen_ = count_of(http::Refusal::WRITE_TIMEOUT);
  if (was_in_time && !conversation.is_given_up) check_cut_off(conversation);
  if (kernel_.client(client).broken || was_cut_off || cutting_) return;
  if (may_have_been_asked(client)) return;
  if (conversation.is_given_up || conversation.transcript.may_be_broken_off() || has_vanished(client)) return;
  check_ended_in_order(client);
  bool was_tunnel = conversation.hearing.is_handed_over() && !conversation.transcript.said_close();
  BRINK_HOLDS(!was_tunnel || kernel_.client(client).unread() == 0,
              "client %zu: both ends were said, and not all of it was read", client);
}

// The application may have been asked about it, and have said nothing.
bool World::may_have_been_asked(size_t client) const {
  auto refusals = reactor_->stats().refusals;
  bool refuses = std::any_of(refusals.begin(), refusals.end(), [](uint64_t count) { return count > 0; });
  return setup_.options.asks_about_refusals && (refuses || kernel_.client(client).finished);
}

// It has closed its side, and it may be that nobody hears: a handler that hangs and a stream that is quiet do not hold
// its connection for ever.
bool World::has_vanished(size_t client) const {
  const Client& closed = kernel_.client(client);
  const Conversation& conversation = conversations_[client];
  uint64_t patience_ms = setup_.options.half_close_timeout_ms / (conversation.transcript.streams_still() ? 10 : 1);
  return closed.finished && !conversation.hearing.is_handed_over() &&
         kernel_.now_ms() >= std::max(closed.finished_ms, conversation.taken_ms) + patience_ms;
}

// Clients that did not take their answers. They are told nothing.
uint64_t World::cut_off() const {
  return count_of(http::Refusal::WRITE_TIMEOUT) + count_of(http::Refusal::RESPONSE_TAKEN_TOO_SLOWLY);
}

uint64_t World::count_of(http::Refusal refusal) const {
  return reactor_->stats().refusals[static_cast<size_t>(refusal)];
}

// It had the time that the server gives, or the own of the answer that it did not take; those behind it may give more.
void World::check_cut_off(const Conversation& conversation) const {
  uint32_t untaken = conversation.transcript.complete();
  auto range = conversation.range(&OwnDeadlines::write_ms, untaken, untaken, setup_.options.write_timeout_ms);
  BRINK_HOLDS(kernel_.now_ms() >= conversation.last_sent_ms + range.least,
              "client %zu: cut off %llu ms after it took something", conversation.hearing.number(),
              static_cast<unsigned long long>(kernel_.now_ms() - conversation.last_sent_ms));
}

// Nothing is cut short, and no request is left without an answer, unless an answer said that it is the last.
void World::check_ended_in_order(size_t client) {
  Conversation& conversation = conversations_[client];
  if (conversation.is_given_up) return;
  Transcript& transcript = conversation.transcript;
  conversation.ended_in_order = true;
  BRINK_HOLDS(transcript.is_between_responses(), "client %zu: a response is cut short", client);
  transcript.end();
  BRINK_HOLDS(transcript.answers(conversation.hearing.requests()),
              "client %zu: %u requests and %u responses at its end", client, conversation.hearing.requests(),
              transcript.complete());
}

// A client that went away while something was unanswered is told to be gone, and no other.
void World::check_told_gone(const Conversation& conversation) const {
  const Hearing& hearing = conversation.hearing;
  const Transcript& transcript = conversation.transcript;
  BRINK_HOLDS(!hearing.is_open(), "client %zu: nobody is told that it is closed", hearing.number());
  if (!hearing.is_known() || conversation.is_given_up) return;
  uint32_t answered = transcript.answered_in_order();
  bool all_answered = answered >= hearing.requests_to_answer();
  BRINK_HOLDS(all_answered || hearing.was_told_gone(),
              "client %zu: %u requests, %u of them answered, and nobody is told", hearing.number(), hearing.requests(),
              answered);
  // Where the server said of itself that an answer is the last, those behind it are not answered; and what it refused
  // is its own to answer.
  auto refusals = reactor_->stats().refusals;
  bool refuses = std::any_of(refusals.begin(), refusals.end(), [](uint64_t count) { return count > 0; });
  bool may_differ = refuses || hearing.was_asked_about() || conversation.ended_within_apply || draining_ ||
                    transcript.complete() < hearing.requests_to_answer();
  BRINK_HOLDS(!all_answered || !hearing.was_told_gone() || may_differ,
              "client %zu: told to be gone, and everything was answered", hearing.number());
}

Conversation& World::with(reactor::ConnectionId id) {
  auto found = clients_known_.find(id.token());
  BRINK_HOLDS(found != clients_known_.end(), "something is told of nobody");
  return conversations_[found->second];
}

void World::on_opened(reactor::ConnectionId id, size_t client) {
  BRINK_HOLDS(client < kernel_.clients(), "nobody is told to be opened");
  clients_known_[id.token()] = client;
  conversations_[client].hearing.on_opened(id);
}

void World::on_body(const ToldBody& body) {
  Conversation& conversation = with(body.id);
  conversation.hearing.on_body(body);
  if (conversation.is_given_up) return;
  if (body.refusal != static_cast<uint32_t>(http::Refusal::REQUEST_TIMEOUT)) return;
  uint32_t sequence = conversation.hearing.sequence_of_body();
  auto range = conversation.range(&OwnDeadlines::request_ms, sequence, sequence, setup_.options.request_timeout_ms);
  uint64_t time_ms = conversation.hearing.time_of_body_ms();
  BRINK_HOLDS(time_ms >= range.least, "client %zu: had %llu ms for its request, and was refused",
              conversation.hearing.number(), static_cast<unsigned long long>(time_ms));
}

void World::on_request(const ToldRequest& request) {
  BRINK_HOLDS(request.client < kernel_.clients(), "a request from nobody");
  Conversation& conversation = conversations_[request.client];
  clients_known_[request.id.token()] = request.client;
  conversation.hearing.on_request(request);
  const Transcript& transcript = conversation.transcript;
  bool may_come = conversation.is_given_up || !conversation.ended_in_order || transcript.said_close() ||
                  transcript.complete() > request.sequence;
  BRINK_HOLDS(may_come, "client %d: request %u was never answered", request.client, request.sequence);
}

}  // namespace brink::fuzz
