#include "fuzz/application.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fuzz/check.h"
#include "http/refusal.h"
#include "llhttp.h"

namespace brink::fuzz {
namespace {

constexpr size_t kMostBlocks = 3;

GuardedBlock* request_block(size_t index) {
  static GuardedBlock* blocks[kMostBlocks] = {new GuardedBlock(0), new GuardedBlock(1), new GuardedBlock(2)};
  return blocks[index];
}

GuardedBlock& reply_block() {
  static GuardedBlock* block = new GuardedBlock(kMostBlocks);
  return *block;
}

// Bodies are pieces of it: each begins elsewhere, so that one is not taken for another.
constexpr size_t kPatternPeriod = 251;
const std::string& pattern() {
  static const std::string made = [] {
    std::string bytes;
    for (size_t i = 0; i < 128 * 1024; i++) bytes.push_back(static_cast<char>(i % kPatternPeriod));
    return bytes;
  }();
  return made;
}

}  // namespace

struct Application::Reply {
  uint32_t kind = layout::kReplyAnswer;
  uint32_t status = 200;
  uint32_t flags = layout::kContentTypeText;
  uint32_t fields_at = 0;
  uint32_t fields_size = 0;
  uint32_t body_at = 0;
  uint32_t body_size = 0;
};

// Its own memory, so that AddressSanitizer sees who reads it after it was given back.
class Application::LentBody final : public net::Holder {
 public:
  LentBody(Application& application, std::string bytes) : application_(application), bytes_(std::move(bytes)) {
    application_.bodies_out_++;
  }
  ~LentBody() override { application_.bodies_out_--; }
  net::Slice bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  Application& application_;
  std::string bytes_;
};

Application::Application(bool is_inline, size_t blocks, Hooks hooks)
    : is_inline_(is_inline), hooks_(std::move(hooks)), blocks_(is_inline ? 1 : std::min(blocks, kMostBlocks)) {
  for (size_t i = 0; i < blocks_; i++) {
    request_block(i)->close();
    free_.push_back(request_block(i));
  }
  begin_replies();
}

Application::~Application() { reply_block().close(); }

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
  size_t waited = waiting_.size();
  read(batch);
  block->close();
  lent_.push_back(block);
  if (auto action = std::exchange(in_delivery_, nullptr)) action();
  if (!is_inline_) return;
  if (answers_at_once_) answer_from(waited);
  lent_.pop_back();
  free_.push_back(block);
}

void Application::read(const reactor::Batch& batch) {
  const uint32_t* words = batch.block->words;
  const uint32_t* end = words + layout::kBlockWords;
  for (uint32_t i = 0; i < batch.events; i++) {
    uint32_t kind = words[layout::kEventKind], size = words[layout::kEventWords];
    BRINK_HOLDS(size >= layout::kNoticeWords && size <= end - words, "an event of %u words", size);
    if (kind == layout::kEventRequest) {
      ToldRequest told = read_request(batch, words);
      hooks_.on_request(told);
      // The bytes are the block's.
      told.head = told.body = {nullptr, 0};
      waiting_.push_back(told);
    } else if (kind == layout::kEventClientError) {
      uint32_t refusal = words[layout::kClientErrorRefusal];
      BRINK_HOLDS(refusal > 0 && refusal < http::kRefusalCount, "a refusal of number %u", refusal);
    } else {
      BRINK_HOLDS(kind == layout::kEventNotice, "an event of kind %u", kind);
    }
    words += size;
  }
}

ToldRequest Application::read_request(const reactor::Batch& batch, const uint32_t* words) const {
  ToldRequest told;
  told.id = {words[layout::kEventSlot], words[layout::kEventGeneration]};
  told.sequence = words[layout::kRequestSequence];
  told.client = static_cast<uint16_t>(words[layout::kRequestPort]);
  told.is_head = (words[layout::kRequestMethod] & 0xff) == HTTP_HEAD;
  told.is_ipv4 = (words[layout::kRequestFlags] & layout::kFlagIpv4) != 0;
  uint32_t head_at = words[layout::kRequestHeadOffset], head_size = words[layout::kRequestHeadLength];
  uint32_t body_at = words[layout::kRequestBodyOffset], body_size = words[layout::kRequestBodyLength];
  uint32_t fields = words[layout::kRequestFieldCount];
  BRINK_HOLDS(uint64_t{head_at} + head_size <= layout::kBlockBytes, "a head outside the block");
  BRINK_HOLDS(words[layout::kEventWords] == layout::kRequestFields + 2 * fields, "%u fields in %u words", fields,
              words[layout::kEventWords]);
  for (uint32_t i = 0; i <= 2 * fields; i++) {
    uint32_t span = i == 0 ? words[layout::kRequestTarget] : words[layout::kRequestFields + i - 1];
    BRINK_HOLDS((span & 0xffff) + (span >> 16) <= head_size, "a span outside the head");
  }
  told.head = {batch.block->bytes + head_at, head_size};
  if (words[layout::kRequestFlags] & layout::kFlagBodyByReference) {
    BRINK_HOLDS(body_at < batch.bodies.size() && batch.bodies[body_at].size() == body_size, "a body that is not there");
    told.body = {batch.bodies[body_at].data(), body_size};
  } else {
    BRINK_HOLDS(uint64_t{body_at} + body_size <= layout::kBlockBytes, "a body outside the block");
    told.body = {batch.block->bytes + body_at, body_size};
  }
  return told;
}

void Application::usual_reply(ReplyKind kind, size_t size) {
  usual_kind_ = kind;
  usual_size_ = size;
}

void Application::answer(size_t which, ReplyKind kind, size_t size) {
  if (waiting_.empty()) return;
  auto chosen = waiting_.begin() + static_cast<long>(which % waiting_.size());
  answered_.push_back(*chosen);
  waiting_.erase(chosen);
  compose(answered_.back(), kind, size);
}

void Application::answer_from(size_t first) {
  while (waiting_.size() > first) answer(first, usual_kind_, usual_size_);
  send();
}

// Behind the thread host batches are answered between the reactor's turns.
void Application::catch_up() {
  if (is_inline_ || !answers_at_once_) return;
  answer_from(0);
  give_all_blocks_back();
}

void Application::answer_again(size_t which) {
  if (!answered_.empty()) compose(answered_[which % answered_.size()], ReplyKind::text, 0);
}

void Application::answer_nobody(uint32_t slot, uint32_t generation, uint32_t sequence) {
  ToldRequest nobody = {};
  nobody.id = {slot, generation};
  nobody.sequence = sequence;
  compose(nobody, ReplyKind::by_reference, 100);
}

void Application::answer_all() {
  while (!waiting_.empty()) answer(waiting_.size() - 1, ReplyKind::text, 0);
  send();
}

void Application::compose(const ToldRequest& to, ReplyKind kind, size_t size) {
  std::string text = "answer " + std::to_string(++serial_) + " to request " + std::to_string(to.sequence) + " of " +
                     std::to_string(to.client);
  text.resize(std::max(text.size(), size), '.');
  // The text may stand in the body and in a field.
  bool fits = words_used_ + 2 * layout::kReplyWords <= layout::kBlockWords &&
              bytes_used_ + 2 * text.size() + 200 <= layout::kBlockBytes;
  if (!fits) send();
  Reply reply;
  if (kind != ReplyKind::empty && kind != ReplyKind::by_reference && kind != ReplyKind::same_body_twice) {
    reply.body_at = put_bytes(text);
    reply.body_size = static_cast<uint32_t>(text.size());
  }
  auto set_fields = [&](const std::string& lines) {
    reply.fields_at = put_bytes(lines);
    reply.fields_size = static_cast<uint32_t>(lines.size());
  };
  switch (kind) {
    case ReplyKind::text:
    case ReplyKind::empty:
      break;
    case ReplyKind::by_reference:
    case ReplyKind::same_body_twice:
      reply.flags |= layout::kFlagReplyBodyByReference;
      reply.body_at = static_cast<uint32_t>(replies_.bodies.size());
      if (kind == ReplyKind::same_body_twice && reply.body_at > 0) reply.body_at--;
      if (reply.body_at == replies_.bodies.size()) replies_.bodies.push_back(lend(size));
      break;
    case ReplyKind::close:
      reply.flags |= layout::kFlagReplyClose;
      break;
    case ReplyKind::no_content:
      reply.status = 204;
      break;
    case ReplyKind::not_modified:
      reply.status = 304;
      break;
    case ReplyKind::fields:
      set_fields("X-Answer: " + text + "\r\nETag: \"1\"\r\n");
      break;
    case ReplyKind::dated:
      set_fields("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
      reply.flags |= layout::kFlagReplyDated;
      break;
    case ReplyKind::length_only:
      reply.flags |= layout::kFlagReplyLengthOnly;
      reply.body_size = 0xffffffff;
      break;
    case ReplyKind::any_status:
      reply.status = 200 + static_cast<uint32_t>(size) % 800;
      break;
    case ReplyKind::invalid_status:
      reply.status = static_cast<uint32_t>(size) % 200;
      break;
    case ReplyKind::invalid_fields:
      set_fields("X-Answer: a\r\n\r\nHTTP/1.1 200 OK\r\n");
      break;
    case ReplyKind::framing_fields:
      set_fields("content-LENGTH: 1\r\n");
      break;
    case ReplyKind::outside_the_block:
      reply.body_at = layout::kBlockBytes - static_cast<uint32_t>(size);
      break;
    case ReplyKind::unknown_body:
      reply.flags |= layout::kFlagReplyBodyByReference;
      reply.body_at = 1000;
      break;
    case ReplyKind::unknown_kind:
      reply.kind = 7;
      break;
  }
  put(to, reply);
}

net::HeldBytes Application::lend(size_t size) {
  auto body = std::make_unique<LentBody>(*this, pattern().substr(serial_ % kPatternPeriod, size));
  net::HeldBytes held;
  held.bytes = body->bytes();
  held.holder = std::move(body);
  largest_reply_ = std::max(largest_reply_, size);
  return held;
}

void Application::put(const ToldRequest& to, const Reply& reply) {
  uint32_t* words = replies_.block->words + words_used_;
  words[layout::kReplyKind] = reply.kind;
  words[layout::kReplySlot] = to.id.slot;
  words[layout::kReplyGeneration] = to.id.generation;
  words[layout::kReplySequence] = to.sequence;
  words[layout::kReplyStatus] = reply.status;
  words[layout::kReplyFlags] = reply.flags;
  words[layout::kReplyFieldsOffset] = reply.fields_at;
  words[layout::kReplyFieldsLength] = reply.fields_size;
  words[layout::kReplyBodyOffset] = reply.body_at;
  words[layout::kReplyBodyLength] = reply.body_size;
  words_used_ += layout::kReplyWords;
  largest_reply_ = std::max<size_t>(largest_reply_, size_t{reply.fields_size} + reply.body_size % layout::kBlockBytes);
}

uint32_t Application::put_bytes(const std::string& bytes) {
  std::memcpy(replies_.block->bytes + bytes_used_, bytes.data(), bytes.size());
  bytes_used_ += static_cast<uint32_t>(bytes.size());
  return bytes_used_ - static_cast<uint32_t>(bytes.size());
}

void Application::begin_replies() {
  replies_ = {};
  replies_.block = reply_block().open();
  words_used_ = layout::kRepliesFirst;
  bytes_used_ = 0;
}

void Application::send() {
  if (words_used_ == layout::kRepliesFirst) return;
  replies_.block->words[layout::kRepliesEnd] = words_used_;
  hooks_.apply(std::move(replies_));
  begin_replies();
}

void Application::send_raw(const std::vector<uint32_t>& words, const std::string& bytes,
                           const std::vector<size_t>& body_sizes) {
  send();
  // Or what an earlier input left there would count.
  std::fill_n(std::copy(words.begin(), words.end(), replies_.block->words), layout::kBlockWords - words.size(), 0);
  std::fill_n(std::copy(bytes.begin(), bytes.end(), replies_.block->bytes), layout::kBlockBytes - bytes.size(), '\0');
  for (size_t size : body_sizes) replies_.bodies.push_back(lend(size));
  // Whatever stands in the block may be said to be a body.
  largest_reply_ = std::max<size_t>(largest_reply_, 2 * layout::kBlockBytes);
  hooks_.apply(std::move(replies_));
  begin_replies();
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
