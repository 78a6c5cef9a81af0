#include "fuzz/world.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuzz/check.h"
#include "fuzz/expectations.h"

// The instructions of a script. Whatever is none is a turn.
//
//   a client    c connects, C many connect, s sends a text, S sends it many times, f finishes, r resets,
//               n takes no more, m takes so much more, N takes all again
//   the system  t turn, z sleep and turn, T time jumps, W the wall clock jumps, p a call's outcome, o order of
//   readiness,
//               x readiness that is none, X readiness of the gone, l limit of descriptors, w wake-up
//   above       A answers at once or not, u how it answers, a answers one, d answers it again, q answers nobody,
//               g sends the answers, Q raw replies, b gives a block back, B refuses batches, v drains or cuts within
//               the next delivery, D drains, K cuts

namespace brink::fuzz {
namespace {

constexpr size_t kMostClients = 300;  // more than are accepted in a turn
constexpr size_t kMostBytesSent = 200 * 1024;

}  // namespace

World::World(const Setup& setup)
    : setup_(setup),
      kernel_(*this),
      application_(setup.is_inline, setup.blocks,
                   {[this](const ToldRequest& request) { on_request(request); },
                    [this](reactor::Replies replies) { apply(std::move(replies)); }, [this] { reactor_->resume(); }}) {
  kernel_.reuse_numbers(setup.reuses_numbers);
  auto poller = std::make_unique<FakePoller>(kernel_, setup.trigger);
  poller_ = poller.get();
  waker_.open();
  reactor_ = std::make_unique<reactor::Reactor>(setup_.options, std::move(poller), application_);
  reactor_->add_waker(waker_);
  for (size_t i = 0; i < setup.listeners; i++) reactor_->add_listener(net::Fd(kernel_.open_listener()));
}

World::~World() { poller_->remove(waker_.descriptor()); }

Invariants World::invariants() const {
  return Invariants({kernel_, *poller_, application_, *reactor_, setup_.options, transcripts_, waker_.descriptor()});
}

void World::step(Script& script) {
  char instruction = static_cast<char>(script.byte());
  if (instruction == 'z') return sleep();
  bool known = step_of_client(instruction, script) || step_of_kernel(instruction, script) ||
               step_of_application(instruction, script);
  if (!known) return turn(0);
  invariants().check();
}

bool World::step_of_client(char instruction, Script& script) {
  if (instruction == 'c' || instruction == 'C') return connect(instruction == 'c' ? 1 : script.amount()), true;
  constexpr std::string_view kOfAClient = "sSfrmnN";
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
      application_.answer_at_once(script.byte() & 1);
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
      uint8_t slot = script.byte(), generation = script.byte();
      application_.answer_nobody(slot, generation, script.byte());
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
    case 'K':
      cut();
      return true;
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
    static constexpr uint32_t kTelling[] = {200,
                                            204,
                                            304,
                                            500,
                                            0xffffffff,
                                            0x80000000u,
                                            0x7fffffffu,
                                            layout::kBlockBytes,
                                            layout::kBlockBytes - 1,
                                            layout::kBlockWords,
                                            1000,
                                            999};
    words.push_back(code < 0xf0 ? code : kTelling[(code - 0xf0u) % 12]);
  }
  application_.send_raw(words, bytes, bodies);
}

void World::connect(size_t count) {
  for (size_t i = 0; i < count && kernel_.clients() < kMostClients; i++) {
    size_t client = kernel_.connect();
    transcripts_.emplace_back(client);
    acquaintances_.emplace_back();
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
}

// As the hosts do.
void World::sleep() {
  int64_t deadline = reactor_->next_deadline_ms();
  turn(reactor_->has_work() ? 0 : static_cast<int>(std::min<int64_t>(deadline, 1 << 30)));
}

void World::apply(reactor::Replies replies) {
  expect_replies(replies, {*reactor_}, transcripts_);
  reactor_->apply(std::move(replies));
}

void World::drain() { reactor_->drain(); }

void World::cut() {
  bool was = std::exchange(cutting_, true);
  reactor_->cut();
  cutting_ = was;
}

void World::end() {
  application_.refuse_batches(false);
  kernel_.forget_plans();
  // For a time without answers: clients that are waited for are given up.
  for (int turns = 0; turns < 30; turns++) sleep();
  application_.answer_at_once(false);
  size_t patience = 1000 + bytes_sent_;
  while (!reactor_->idle() || (kernel_.waiting() > 0 && reactor_->next_deadline_ms() >= 0)) {
    BRINK_HOLDS(patience-- > 0, "clients are left when all is answered and time goes on");
    sleep();
    application_.answer_all();
    application_.give_all_blocks_back();
  }
  cut();
  application_.answer_all();
  invariants().check_after_cut();
  turn(0);
}

void World::on_sent(size_t client, const char* bytes, size_t size) { transcripts_[client].read(bytes, size); }

void World::on_end_said(size_t client) { check_ended_in_order(client); }

void World::on_closed(size_t client) {
  bool was_cut_off = cut_off() > cut_off_seen_;
  cut_off_seen_ = cut_off();
  if (kernel_.client(client).broken || was_cut_off || cutting_) return;
  check_ended_in_order(client);
}

// Clients that did not take their answers. They are told nothing.
uint64_t World::cut_off() const {
  auto refusals = reactor_->stats().refusals;
  return refusals[static_cast<size_t>(http::Refusal::WRITE_TIMEOUT)] +
         refusals[static_cast<size_t>(http::Refusal::RESPONSE_TAKEN_TOO_SLOWLY)];
}

// Nothing is cut short, and no request is left without an answer, unless an answer said that it is the last.
void World::check_ended_in_order(size_t client) {
  const Transcript& transcript = transcripts_[client];
  Acquaintance& acquaintance = acquaintances_[client];
  acquaintance.ended_in_order = true;
  BRINK_HOLDS(transcript.is_between_responses(), "client %zu: a response is cut short", client);
  BRINK_HOLDS(transcript.said_close() || transcript.complete() >= acquaintance.requests,
              "client %zu: %u requests and %u responses at its end", client, acquaintance.requests,
              transcript.complete());
}

void World::on_request(const ToldRequest& request) {
  BRINK_HOLDS(request.client < kernel_.clients(), "a request from nobody");
  const Client& client = kernel_.client(request.client);
  Acquaintance& acquaintance = acquaintances_[request.client];
  if (!std::exchange(acquaintance.is_known, true)) acquaintance.id = request.id;
  BRINK_HOLDS(acquaintance.id.token() == request.id.token(), "client %d: under another's name", request.client);
  BRINK_HOLDS(request.sequence == acquaintance.requests++, "client %d: request %u is told as the %uth", request.client,
              request.sequence, acquaintance.requests);
  const Transcript& transcript = transcripts_[request.client];
  bool may_come = !acquaintance.ended_in_order || transcript.said_close() || transcript.complete() > request.sequence;
  BRINK_HOLDS(may_come, "client %d: request %u was never answered", request.client, request.sequence);
  BRINK_HOLDS(request.is_ipv4 == (request.client % 2 == 0), "client %d: another's address", request.client);
  std::string_view sent(client.sent), head(request.head.data, request.head.size);
  std::string_view body(request.body.data, request.body.size);
  BRINK_HOLDS(sent.find(head) != sent.npos, "client %d: a head that it did not send", request.client);
  bool may_be_chunked = head.find("hunked") != head.npos || head.find("HUNKED") != head.npos;
  BRINK_HOLDS(may_be_chunked || sent.find(body) != sent.npos, "client %d: a body that it did not send", request.client);
}

}  // namespace brink::fuzz
