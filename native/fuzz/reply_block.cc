#include "fuzz/reply_block.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fuzz/fake_kernel.h"

namespace brink::fuzz {
namespace {

GuardedBlock& block() {
  static GuardedBlock* made = new GuardedBlock(3);
  return *made;
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

// Its own memory, so that AddressSanitizer sees who reads it after it was given back.
class ReplyBlock::LentBody final : public net::Holder {
 public:
  LentBody(std::shared_ptr<int64_t> count, std::string bytes) : count_(std::move(count)), bytes_(std::move(bytes)) {
    ++*count_;
  }
  ~LentBody() override { --*count_; }
  net::Slice bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::shared_ptr<int64_t> count_;
  std::string bytes_;
};

ReplyBlock::ReplyBlock(std::function<void(reactor::Replies)> apply) : apply_(std::move(apply)) { begin(); }

ReplyBlock::~ReplyBlock() { block().close(); }

void ReplyBlock::begin() {
  replies_ = {};
  replies_.block = block().open();
  words_used_ = layout::kRepliesFirst;
  bytes_used_ = 0;
}

void ReplyBlock::make_room(size_t bytes) {
  if (words_used_ + layout::kReplyWords > layout::kBlockWords || bytes_used_ + bytes > layout::kBlockBytes) send();
}

uint32_t ReplyBlock::put_bytes(const std::string& bytes) {
  std::memcpy(replies_.block->bytes + bytes_used_, bytes.data(), bytes.size());
  bytes_used_ += static_cast<uint32_t>(bytes.size());
  return bytes_used_ - static_cast<uint32_t>(bytes.size());
}

uint32_t ReplyBlock::lend(std::string bytes) {
  largest_ = std::max(largest_, bytes.size());
  auto body = std::make_unique<LentBody>(bodies_out_, std::move(bytes));
  net::HeldBytes held;
  held.bytes = body->bytes();
  held.holder = std::move(body);
  replies_.bodies.push_back(std::move(held));
  return lent() - 1;
}

uint32_t ReplyBlock::lend_pattern(size_t size) { return lend(pattern().substr(++serial_ % kPatternPeriod, size)); }

uint32_t ReplyBlock::lend_file(uint64_t size, uint64_t offset, uint64_t length) {
  largest_ = std::max<size_t>(largest_, length);
  net::FileFacts facts;
  facts.size = size;
  net::HeldBytes held;
  held.file = std::make_shared<net::File>(FakeKernel::current().open_file(size), facts);
  held.file_offset = offset;
  held.file_length = length;
  replies_.bodies.push_back(std::move(held));
  return lent() - 1;
}

void ReplyBlock::put(const Recipient& to, const ReplyWords& reply) {
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
  largest_ = std::max<size_t>(largest_, size_t{reply.fields_size} + reply.body_size % layout::kBlockBytes);
}

void ReplyBlock::send() {
  if (words_used_ == layout::kRepliesFirst) return;
  replies_.block->words[layout::kRepliesEnd] = words_used_;
  apply_(std::move(replies_));
  begin();
}

void ReplyBlock::send_raw(const std::vector<uint32_t>& words, const std::string& bytes,
                          const std::vector<size_t>& body_sizes) {
  send();
  // Or what an earlier input left there would count.
  std::fill_n(std::copy(words.begin(), words.end(), replies_.block->words), layout::kBlockWords - words.size(), 0);
  std::fill_n(std::copy(bytes.begin(), bytes.end(), replies_.block->bytes), layout::kBlockBytes - bytes.size(), '\0');
  for (size_t size : body_sizes) lend_pattern(size);
  // Whatever stands in the block may be said to be a body.
  largest_ = std::max<size_t>(largest_, 2 * layout::kBlockBytes);
  apply_(std::move(replies_));
  begin();
}

int64_t ReplyBlock::bodies_out() const {
  auto is_lent = [](const net::HeldBytes& held) { return held.holder != nullptr; };
  return *bodies_out_ - std::count_if(replies_.bodies.begin(), replies_.bodies.end(), is_lent);
}

int64_t ReplyBlock::files_kept() const {
  auto is_file = [](const net::HeldBytes& held) { return held.file != nullptr; };
  return std::count_if(replies_.bodies.begin(), replies_.bodies.end(), is_file);
}

}  // namespace brink::fuzz
