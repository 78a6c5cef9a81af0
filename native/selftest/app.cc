#include "selftest/app.h"

#include <cstring>
#include <memory>
#include <utility>

namespace brink::selftest {
namespace {

// Never changed, and so everybody's.
const std::string& large_body() {
  static const std::string made = [] {
    std::string body(App::kLargeBytes, '\0');
    for (size_t at = 0; at < body.size(); at++) body[at] = App::large_byte(at);
    return body;
  }();
  return made;
}

}  // namespace

// The large body stays where it is all along; this tells when the reactor was done with it.
class App::LentBody final : public net::Holder {
 public:
  explicit LentBody(App& app) : app_(app) {
    app_.bodies_out_++;
    app_.bodies_lent_++;
  }
  ~LentBody() override { app_.bodies_out_--; }
  net::Slice slice() override { return {large_body().data(), large_body().size()}; }

 private:
  App& app_;
};

// Memory of its own, which take_memory() takes away; but not before the answer was taken for one that can be sent.
class App::VanishingBody final : public net::Holder {
 public:
  explicit VanishingBody(App& app) : app_(app) {
    app_.bodies_out_++;
    app_.bodies_lent_++;
  }
  ~VanishingBody() override { app_.bodies_out_--; }
  net::Slice slice() override {
    if (std::exchange(was_looked_at_, true) && app_.memory_taken_) bytes_ = std::string();
    return {bytes_.data(), bytes_.size()};
  }

 private:
  App& app_;
  std::string bytes_ = large_body();
  bool was_looked_at_ = false;
};

// Fills a block with replies, as src/layout.ts lays them out. The constant stands at the begin of the bytes, once.
class App::ReplyWriter {
 public:
  explicit ReplyWriter(reactor::Block* block) {
    replies_.block = block;
    put_bytes(kConstant);
  }

  void constant() { put(200, 0, 0, kConstant.size()); }

  void text(std::string_view body) {
    if (layout::kBlockBytes - bytes_used_ < body.size()) return put(500, 0, 0, 0);
    size_t offset = put_bytes(body);
    put(200, 0, offset, body.size());
  }

  void lent(net::HeldBytes body) {
    replies_.bodies.push_back(std::move(body));
    put(200, layout::kFlagReplyBodyByReference, replies_.bodies.size() - 1, 0);
  }

  void wants_more_than_ever_comes() {
    put(0, 0, 0, 0x7fffffff);
    replies_.block->words[words_used_ - layout::kReplyWords + layout::kReplyKind] = layout::kReplyRead;
  }

  // Whom the next reply is for.
  void answers(const uint32_t* event, uint32_t sequence) {
    event_ = event;
    sequence_ = sequence;
  }

  reactor::Replies take() {
    replies_.block->words[layout::kRepliesEnd] = static_cast<uint32_t>(words_used_);
    return std::move(replies_);
  }

 private:
  size_t put_bytes(std::string_view text) {
    size_t offset = bytes_used_;
    std::memcpy(replies_.block->bytes + offset, text.data(), text.size());
    bytes_used_ += text.size();
    return offset;
  }

  // A request's record is longer than a reply's, so a block always holds the replies to another one's requests.
  void put(uint32_t status, uint32_t flags, size_t body_at, size_t body_size) {
    static_assert(layout::kReplyWords < layout::kBodyWords && layout::kBodyWords < layout::kRequestFields,
                  "replies take less room than what they are for");
    uint32_t* words = replies_.block->words + words_used_;
    words[layout::kReplyKind] = layout::kReplyAnswer;
    words[layout::kReplySlot] = event_[layout::kEventSlot];
    words[layout::kReplyGeneration] = event_[layout::kEventGeneration];
    words[layout::kReplySequence] = sequence_;
    words[layout::kReplyStatus] = status;
    words[layout::kReplyFlags] = layout::kContentTypeText | flags;
    words[layout::kReplyFieldsOffset] = words[layout::kReplyFieldsLength] = 0;
    words[layout::kReplyBodyOffset] = static_cast<uint32_t>(body_at);
    words[layout::kReplyBodyLength] = static_cast<uint32_t>(body_size);
    words_used_ += layout::kReplyWords;
  }

  reactor::Replies replies_;
  const uint32_t* event_ = nullptr;
  uint32_t sequence_ = 0;
  size_t words_used_ = layout::kRepliesFirst;
  size_t bytes_used_ = 0;
};

reactor::Replies App::answer(const reactor::Batch& batch, reactor::Block* into) {
  ReplyWriter replies(into);
  const uint32_t* words = batch.block->words;
  for (uint32_t i = 0; i < batch.events; i++) {
    answer_event(batch, words, replies);
    words += words[layout::kEventWords];
  }
  return replies.take();
}

void App::answer_event(const reactor::Batch& batch, const uint32_t* words, ReplyWriter& replies) {
  uint64_t token = reactor::ConnectionId{words[layout::kEventSlot], words[layout::kEventGeneration]}.token();
  switch (words[layout::kEventKind]) {
    case layout::kEventRequest:
      return answer_request(batch, words, replies);
    case layout::kEventBody:
      return add_to_upload(words, replies);
    case layout::kEventBodyChanged:
      bodies_changed_++;
      return;
    case layout::kEventGone:
      uploads_.erase(token);
      return;
    default:
      return;
  }
}

void App::add_to_upload(const uint32_t* words, ReplyWriter& replies) {
  uint64_t token = reactor::ConnectionId{words[layout::kEventSlot], words[layout::kEventGeneration]}.token();
  auto upload = uploads_.find(token);
  if (upload == uploads_.end() || upload->second.sequence != words[layout::kBodySequence]) return;
  upload->second.bytes += words[layout::kBodyLength];
  bool is_last = (words[layout::kBodyFlags] & layout::kBodyEnd) != 0;
  replies.answers(words, words[layout::kBodySequence]);
  if (is_last) replies.text(std::to_string(upload->second.bytes));
  if (is_last || (words[layout::kBodyFlags] & layout::kBodyFailed) != 0) uploads_.erase(upload);
}

void App::answer_request(const reactor::Batch& batch, const uint32_t* words, ReplyWriter& replies) {
  replies.answers(words, words[layout::kRequestSequence]);
  if (words[layout::kRequestFlags] & layout::kFlagBodyFollows) {
    uint64_t token = reactor::ConnectionId{words[layout::kEventSlot], words[layout::kEventGeneration]}.token();
    uploads_[token] = {words[layout::kRequestSequence], words[layout::kRequestBodyLength]};
    return replies.wants_more_than_ever_comes();
  }
  if (words[layout::kRequestFlags] & layout::kFlagBody) {
    return replies.text(std::to_string(words[layout::kRequestBodyLength]));
  }
  uint32_t span = words[layout::kRequestTarget];
  const char* head = batch.block->bytes + words[layout::kRequestHeadOffset];
  std::string_view target(head + (span & 0xffff), span >> 16);
  if (target == "/large") return replies.lent(net::HeldBytes(std::make_unique<LentBody>(*this), kLargeBytes));
  if (target == "/vanishing") return replies.lent(net::HeldBytes(std::make_unique<VanishingBody>(*this), kLargeBytes));
  if (target == "/file") {
    std::lock_guard<std::mutex> guard(lock_);
    net::HeldBytes held;
    held.file = file_;
    held.file_length = file_length_;
    return replies.lent(std::move(held));
  }
  if (target == "/busy") be_busy();
  if (target == "/" || target == "/busy") return replies.constant();
  replies.text(target);
}

void App::be_busy() {
  std::unique_lock<std::mutex> guard(lock_);
  busy_ = true;
  changed_.notify_all();
  changed_.wait(guard, [this] { return released_; });
}

void App::wait_until_busy() {
  std::unique_lock<std::mutex> guard(lock_);
  changed_.wait(guard, [this] { return busy_; });
}

void App::release() {
  std::lock_guard<std::mutex> guard(lock_);
  released_ = true;
  changed_.notify_all();
}

}  // namespace brink::selftest
