#include "fuzz/application.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fuzz/check.h"
#include "http/refusal.h"

namespace brink::fuzz {
namespace {

constexpr size_t kMostBlocks = 3;
constexpr uint32_t kAll = 0x7fffffff;

GuardedBlock* request_block(size_t index) {
  static GuardedBlock* blocks[kMostBlocks] = {new GuardedBlock(0), new GuardedBlock(1), new GuardedBlock(2)};
  return blocks[index];
}

bool same(const Recipient& one, const Recipient& other) {
  return one.id.token() == other.id.token() && one.sequence == other.sequence;
}

reactor::ConnectionId id_of(const uint32_t* words) {
  return {words[layout::kEventSlot], words[layout::kEventGeneration]};
}

net::Slice bytes_in(const reactor::Batch& batch, uint32_t at, uint32_t size, const char* what) {
  BRINK_HOLDS(uint64_t{at} + size <= layout::kBlockBytes, "%s outside the block", what);
  return {batch.block->bytes + at, size};
}

}  // namespace

Application::Application(bool is_inline, size_t blocks, Hooks hooks)
    : is_inline_(is_inline),
      hooks_(std::move(hooks)),
      blocks_(is_inline ? 1 : std::min(blocks, kMostBlocks)),
      replies_([this](reactor::Replies replies) { hooks_.apply(std::move(replies)); }) {
  for (size_t i = 0; i < blocks_; i++) {
    request_block(i)->close();
    free_.push_back(request_block(i));
  }
}

reactor::Block* Application::acquire() {
  if (free_.empty()) return nullptr;
  GuardedBlock* block = free_.back();
  free_.pop_back();
  return block->open();
}

// As the thread host one block is left for the reactor to fill; or none, and then acquire() has none to give.
bool Application::takes_batches() const {
  size_t left = blocks_ > 2 ? 1 : 0;
  return !refuses_ && (is_inline_ || lent_.size() + left < blocks_);
}

void Application::deliver(reactor::Batch batch) {
  BRINK_HOLDS(takes_batches() && batch.events > 0, "a batch is delivered that nobody asked for, or an empty one");
  GuardedBlock* block = request_block(batch.block->index);
  read(batch);
  block->close();
  lent_.push_back(block);
  if (auto action = std::exchange(in_delivery_, nullptr)) action();
  if (!is_inline_) return;
  if (answers_at_once_) {
    answer_what_is_ready();
  } else {
    for (Request& request : waiting_) request.is_left = true;
  }
  lent_.pop_back();
  free_.push_back(block);
}

void Application::read(const reactor::Batch& batch) {
  const uint32_t* words = batch.block->words;
  const uint32_t* end = words + layout::kBlockWords;
  for (uint32_t i = 0; i < batch.events; i++) {
    uint32_t kind = words[layout::kEventKind], size = words[layout::kEventWords];
    BRINK_HOLDS(size >= layout::kBodyChangedWords && size <= end - words, "an event of %u words", size);
    switch (kind) {
      case layout::kEventRequest:
        read_request(batch, words);
        break;
      case layout::kEventBody:
        read_body(batch, words);
        break;
      case layout::kEventGone:
        hooks_.on_gone(id_of(words), words[layout::kGoneHalf] != 0);
        break;
      case layout::kEventDrained:
        hooks_.on_drained(id_of(words), words[layout::kDrainedSequence]);
        events_.push_back({Event::Kind::drained, {id_of(words), words[layout::kDrainedSequence]}, {}});
        break;
      case layout::kEventBodyChanged:
        break;
      case layout::kEventOpened:
        hooks_.on_opened(id_of(words), words[layout::kOpenedPort]);
        BRINK_HOLDS(words[layout::kOpenedLocalPort] == words[layout::kOpenedPort] + 1, "another's address");
        break;
      case layout::kEventClosed:
        BRINK_HOLDS(words[layout::kClosedCause] <= layout::kClosedByServer, "an end of cause %u",
                    words[layout::kClosedCause]);
        hooks_.on_closed(id_of(words));
        break;
      case layout::kEventDropped:
        BRINK_HOLDS(words[layout::kOpenedLocalPort] == words[layout::kOpenedPort] + 1, "another's address");
        break;
      case layout::kEventRefused:
        hooks_.on_refused(
            id_of(words), words[layout::kRefusedWhy],
            bytes_in(batch, words[layout::kRefusedOffset], words[layout::kRefusedLength], "what a client sent"));
        refused_.push_back({id_of(words), 0});
        break;
      case layout::kEventClientError: {
        uint32_t refusal = words[layout::kClientErrorRefusal];
        BRINK_HOLDS(refusal > 0 && refusal < http::kRefusalCount, "a refusal of number %u", refusal);
        break;
      }
      case layout::kEventSecured:
        read_secured(batch, words);
        break;
      default:
        BRINK_HOLDS(kind == layout::kEventNotice, "an event of kind %u", kind);
    }
    words += size;
  }
}

// It is told once, before the first request, and whole.
void Application::read_secured(const reactor::Batch& batch, const uint32_t* words) {
  BRINK_HOLDS(secured_.insert(id_of(words).token()).second, "a handshake is told twice");
  net::Slice certificate = bytes_in(batch, words[layout::kSecuredCertificateOffset],
                                    words[layout::kSecuredCertificateLength], "a certificate");
  BRINK_HOLDS(std::string(certificate.data, certificate.size) == std::string(700, 'c'), "a certificate is another one");
}

void Application::read_request(const reactor::Batch& batch, const uint32_t* words) {
  bool is_secure = (words[layout::kRequestFlags] & layout::kFlagSecure) != 0;
  BRINK_HOLDS(is_secure == (secured_.count(id_of(words).token()) > 0), "a request without its handshake");
  uint32_t flags = words[layout::kRequestFlags], fields = words[layout::kRequestFieldCount];
  ToldRequest told;
  told.id = id_of(words);
  told.sequence = words[layout::kRequestSequence];
  told.is_announced = (flags & layout::kFlagAnnounced) != 0;
  told.is_unknown = (flags & layout::kFlagClientUnknown) != 0;
  const uint32_t* peer = words + layout::kRequestFields + 2 * fields;
  told.client = static_cast<uint16_t>(told.is_announced ? peer[layout::kPeerPort] : words[layout::kRequestPort]);
  told.is_ipv4 = (flags & (told.is_announced ? layout::kFlagPeerIpv4 : layout::kFlagIpv4)) != 0;
  if (told.is_announced) {
    std::memcpy(told.named.bytes, words + layout::kRequestAddress, sizeof told.named.bytes);
    told.named.port = static_cast<uint16_t>(words[layout::kRequestPort]);
    told.named.is_ipv4 = (flags & layout::kFlagIpv4) != 0;
  }
  told.has_body = (flags & layout::kFlagBody) != 0;
  told.body_follows = (flags & layout::kFlagBodyFollows) != 0;
  told.offers_upgrade = (flags & layout::kFlagUpgrade) != 0;
  told.expects_continue = (flags & layout::kFlagExpectsContinue) != 0;
  told.is_chunked = (flags & layout::kFlagChunked) != 0;
  told.announced = (uint64_t{words[layout::kRequestAnnouncedHigh]} << 32) | words[layout::kRequestAnnouncedLow];
  told.head = bytes_in(batch, words[layout::kRequestHeadOffset], words[layout::kRequestHeadLength], "a head");
  told.body = bytes_in(batch, words[layout::kRequestBodyOffset], words[layout::kRequestBodyLength], "a body");
  told.trailers = bytes_in(batch, words[layout::kRequestTrailersOffset], words[layout::kRequestTrailersLength],
                           "a trailer section");
  uint32_t size = layout::kRequestFields + 2 * fields + (told.is_announced ? layout::kPeerWords : 0);
  BRINK_HOLDS(words[layout::kEventWords] == size, "%u fields in %u words", fields, words[layout::kEventWords]);
  for (uint32_t i = 0; i <= 2 * fields; i++) {
    uint32_t span = i == 0 ? words[layout::kRequestTarget] : words[layout::kRequestFields + i - 1];
    BRINK_HOLDS((span & 0xffff) + (span >> 16) <= told.head.size, "a span outside the head");
  }
  hooks_.on_request(told);
  waiting_.push_back({{told.id, told.sequence}, told.client, told.body_follows, {told.body.data, told.body.size}});
}

void Application::read_body(const reactor::Batch& batch, const uint32_t* words) {
  BRINK_HOLDS(words[layout::kEventWords] == layout::kBodyWords, "a piece of a body in %u words",
              words[layout::kEventWords]);
  uint32_t flags = words[layout::kBodyFlags];
  ToldBody told;
  told.id = id_of(words);
  told.sequence = words[layout::kBodySequence];
  told.ends = (flags & layout::kBodyEnd) != 0;
  told.failed = (flags & layout::kBodyFailed) != 0;
  told.refusal = words[layout::kBodyRefusal];
  told.bytes = bytes_in(batch, words[layout::kBodyOffset], words[layout::kBodyLength], "a piece of a body");
  told.trailers =
      bytes_in(batch, words[layout::kBodyTrailersOffset], words[layout::kBodyTrailersLength], "a trailer section");
  hooks_.on_body(told);
  events_.push_back(
      {Event::Kind::body, {told.id, told.sequence}, {told.bytes.data, told.bytes.size}, told.ends, told.failed});
}

// Behind the thread host batches are answered between the reactor's turns.
void Application::catch_up() {
  if (is_inline_ || !answers_at_once_) return;
  answer_what_is_ready();
  give_all_blocks_back();
}

void Application::answer_what_is_ready() {
  end_refused();
  bool waits_for_bodies = uploads_ != Uploads::not_waited_for && usual_kind_ != ReplyKind::echo;
  for (Request& request : waiting_) begin_upload(request);
  act();
  for (size_t i = 0; i < waiting_.size();) {
    bool is_ready = !waiting_[i].is_left && !(waiting_[i].body_comes && waits_for_bodies);
    if (!is_ready) {
      i++;
      continue;
    }
    answer(i, usual_kind_, usual_size_);
    if (sends_each_) send();
  }
  send();
}

void Application::begin_upload(Request& request) {
  if (!request.body_comes || std::exchange(request.asked, true)) return;
  if (uploads_ == Uploads::wanted_whole) say(request.to, layout::kReplyRead, kAll);
  if (uploads_ == Uploads::wanted_by_piece) say(request.to, layout::kReplyRead, layout::kBodyWindow);
}

void Application::act() {
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    act_on(event);
  }
}

void Application::act_on(const Event& event) {
  if (event.kind == Event::Kind::body) return act_on_body(event);
  Stream* stream = find_stream(event.to);
  if (!stream || stream->pieces == 0) return;
  bool is_last = --stream->pieces == 0;
  chunk(event.to, std::string(stream->size, '-'), is_last ? layout::kFlagChunkEnd : layout::kFlagChunkAsks);
  if (is_last) close_stream(event.to);
}

// What is echoed is asked for again as it came; so a client that does not take it is not read.
void Application::act_on_body(const Event& event) {
  bool is_over = event.ends || event.failed;
  for (Request& request : waiting_) {
    if (!same(request.to, event.to)) continue;
    request.body_comes = !is_over;
    request.body += event.bytes;
  }
  Stream* stream = find_stream(event.to);
  bool echoes = stream && stream->echoes;
  bool asks = echoes || uploads_ == Uploads::wanted_by_piece;
  if (!is_over && asks) say(event.to, layout::kReplyRead, static_cast<uint32_t>(event.bytes.size()));
  if (!echoes) return;
  if (event.failed) {
    say(event.to, layout::kReplyAbort);
  } else {
    chunk(event.to, event.bytes, event.ends ? layout::kFlagChunkEnd : 0u);
  }
  if (is_over) close_stream(event.to);
}

void Application::usual_reply(ReplyKind kind, size_t size) {
  usual_kind_ = kind;
  usual_size_ = size;
}

void Application::answer(size_t which, ReplyKind kind, size_t size) {
  if (waiting_.empty()) return;
  auto chosen = waiting_.begin() + static_cast<long>(which % waiting_.size());
  Request to = std::move(*chosen);
  waiting_.erase(chosen);
  compose(to, kind, size);
  answered_.push_back(std::move(to));
}

void Application::answer_again(size_t which) {
  if (!answered_.empty()) compose_text(answered_[which % answered_.size()], ReplyKind::text, 0);
}

void Application::answer_nobody(uint32_t slot, uint32_t generation, uint32_t sequence, uint32_t kind) {
  Recipient nobody = {{slot, generation}, sequence};
  if (kind == layout::kReplyAnswer) return compose_text({nobody, 0, false, {}}, ReplyKind::by_reference, 100);
  if (kind == layout::kReplyChunk) return chunk(nobody, "nobody", layout::kFlagChunkEnd, true);
  say(nobody, kind, 100);
}

// The bits of `how`: the last, asks, by reference, with trailers, to a complete answer, outside the block, with
// trailers that are none, with flags that only answers have.
void Application::add_chunk(size_t which, uint8_t how, size_t size) {
  Recipient to;
  if (streams_.empty() || (how & 16)) {
    if (answered_.empty()) return;
    to = answered_[which % answered_.size()].to;
  } else {
    to = streams_[which % streams_.size()].to;
  }
  ReplyWords reply;
  reply.kind = layout::kReplyChunk;
  reply.flags = (how & 1 ? layout::kFlagChunkEnd : 0u) | (how & 2 ? layout::kFlagChunkAsks : 0u);
  if ((how & 72) == 72) reply.flags |= layout::kFlagReplyRaw;
  if (how & 128) reply.flags |= layout::kFlagReplyStream | layout::kFlagReplySized | layout::kFlagReplyLengthOnly;
  std::string trailers = how & 64 ? "Trailer\r\n" : how & 8 ? "Trailer: a\r\nOf-Stream: b\r\n" : "";
  replies_.make_room(trailers.size() + size);
  reply.fields_at = replies_.put_bytes(trailers);
  reply.fields_size = static_cast<uint32_t>(trailers.size());
  if (how & 4) {
    reply.flags |= layout::kFlagReplyBodyByReference;
    reply.body_at = replies_.lend_pattern(size);
  } else {
    reply.body_at = how & 32 ? layout::kBlockBytes - 1 : replies_.put_bytes(std::string(size, '+'));
    reply.body_size = static_cast<uint32_t>(size);
  }
  replies_.put(to, reply);
  if (how & 1) close_stream(to);
}

void Application::abort(size_t which) {
  if (streams_.empty()) {
    if (!answered_.empty()) say(answered_[which % answered_.size()].to, layout::kReplyAbort);
    return;
  }
  Recipient to = streams_[which % streams_.size()].to;
  say(to, layout::kReplyAbort);
  close_stream(to);
}

// The lowest bits of `how` say how it ends; the next, that there are bytes, and that they are lent.
void Application::end_connection(size_t which, uint8_t how, size_t size) {
  if (!refused_.empty() && (how & 16)) {
    auto chosen = refused_.begin() + static_cast<long>(which % refused_.size());
    say_end(*chosen, how, size);
    refused_.erase(chosen);
    return;
  }
  size_t all = waiting_.size() + answered_.size();
  if (all == 0) return;
  which %= all;
  say_end(which < waiting_.size() ? waiting_[which].to : answered_[which - waiting_.size()].to, how, size);
}

void Application::say_end(const Recipient& to, uint8_t how, size_t size) {
  replies_.make_room(size);
  ReplyWords reply;
  reply.kind = layout::kReplyEndConnection;
  reply.status = how & 3;
  reply.flags = 0;
  if ((how & 12) == 12) {
    reply.flags = layout::kFlagReplyBodyByReference;
    reply.body_at = replies_.lend_pattern(size);
  } else if (how & 4) {
    reply.body_at = replies_.put_bytes(std::string(size, '!'));
    reply.body_size = static_cast<uint32_t>(size);
  }
  replies_.put(to, reply);
}

void Application::end_refused() {
  for (const Recipient& to : std::exchange(refused_, {})) say_end(to, static_cast<uint8_t>(++serial_ % 3 + 4), 20);
}

void Application::read_more(size_t which, uint32_t bytes) {
  size_t all = waiting_.size() + streams_.size();
  if (all == 0) return;
  which %= all;
  const Recipient& to = which < waiting_.size() ? waiting_[which].to : streams_[which - waiting_.size()].to;
  say(to, layout::kReplyRead, bytes);
}

void Application::set_deadlines(size_t which, uint32_t request_ms, uint32_t write_ms, uint32_t rate_and_one) {
  std::vector<Request>& requests = waiting_.empty() ? answered_ : waiting_;
  if (requests.empty()) return;
  replies_.make_room(0);
  static_assert(layout::kDeadlinesRequest == layout::kReplyStatus && layout::kDeadlinesWrite == layout::kReplyFlags &&
                layout::kDeadlinesRate == layout::kReplyFieldsOffset);
  ReplyWords reply;
  reply.kind = layout::kReplyDeadlines;
  reply.status = request_ms;
  reply.flags = write_ms;
  reply.fields_at = rate_and_one;
  replies_.put(requests[which % requests.size()].to, reply);
}

void Application::answer_all() {
  act();
  end_refused();
  while (!waiting_.empty()) answer(waiting_.size() - 1, ReplyKind::text, 0);
  end_streams();
}

// A sized one that is short is so broken off.
void Application::end_streams() {
  for (const Stream& stream : std::exchange(streams_, {})) chunk(stream.to, "", layout::kFlagChunkEnd);
  send();
}

// Whatever was ever begun.
void Application::abort_streams() {
  for (const Request& request : answered_) say(request.to, layout::kReplyAbort);
  send();
}

void Application::send() {
  act();
  replies_.send();
}

Application::Stream* Application::find_stream(const Recipient& to) {
  auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& each) { return same(each.to, to); });
  return found == streams_.end() ? nullptr : &*found;
}

void Application::close_stream(const Recipient& to) {
  streams_.erase(
      std::remove_if(streams_.begin(), streams_.end(), [&](const Stream& each) { return same(each.to, to); }),
      streams_.end());
}

void Application::give_block_back(size_t which) {
  if (lent_.empty()) return;
  auto chosen = lent_.begin() + static_cast<long>(which % lent_.size());
  free_.push_back(*chosen);
  lent_.erase(chosen);
  hooks_.resume();
}

void Application::give_all_blocks_back() {
  while (!lent_.empty()) give_block_back(0);
}

void Application::refuse_batches(bool on) {
  bool was = std::exchange(refuses_, on);
  if (was && !on) hooks_.resume();
}

}  // namespace brink::fuzz
