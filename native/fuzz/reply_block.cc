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

// Its own memory, so that AddressSanitizer sees who reads it after it was given back, or taken away.
class ReplyBlock::LentBody final : public net::Holder {
 public:
  LentBody(std::shared_ptr<std::vector<LentBody*>> all, const std::string& bytes, PlannedChange planned)
      : all_(std::move(all)), planned_(planned) {
    all_->push_back(this);
    move_to(bytes);
  }
  ~LentBody() override { all_->erase(std::find(all_->begin(), all_->end(), this)); }

  net::Slice slice() override {
    if (planned_.looks > 0 && --planned_.looks == 0) change(planned_.change);
    return now();
  }

  void change(Change change) {
    std::string bytes(bytes_.get(), size_);
    switch (change) {
      case Change::gone:
        bytes.clear();
        break;
      case Change::smaller:
        bytes.resize(size_ / 2);
        break;
      case Change::larger:
        bytes.push_back('!');
        break;
      case Change::moved:
        break;
    }
    *has_changed_ |= bytes.size() != size_;
    move_to(bytes);
  }

  net::Slice now() const { return {bytes_.get(), size_}; }
  std::shared_ptr<const bool> has_changed() const { return has_changed_; }

 private:
  void move_to(const std::string& bytes) {
    size_ = bytes.size();
    bytes_ = std::make_unique<char[]>(size_);
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }

  std::shared_ptr<std::vector<LentBody*>> all_;
  PlannedChange planned_;
  std::shared_ptr<bool> has_changed_ = std::make_shared<bool>(false);
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

void ReplyBlock::change(size_t which, Change change) {
  if (!bodies_out_->empty()) (*bodies_out_)[which % bodies_out_->size()]->change(change);
}

net::Slice ReplyBlock::peek(const net::HeldBytes& lent) { return static_cast<LentBody&>(*lent.holder).now(); }

std::shared_ptr<const bool> ReplyBlock::has_changed(const net::HeldBytes& lent) {
  return static_cast<LentBody&>(*lent.holder).has_changed();
}

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

uint32_t ReplyBlock::lend(const std::string& bytes) {
  largest_ = std::max(largest_, bytes.size());
  replies_.bodies.emplace_back(
      std::make_unique<LentBody>(bodies_out_, bytes, std::exchange(next_change_, PlannedChange())), bytes.size());
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

namespace {

// The number of a reply that has one: of few runs, the target's own among them, and few kinds.
uint32_t number_of(uint32_t kind, const Recipient& to) {
  constexpr uint32_t kRuns[] = {0, 1, layout::kMeasuredRuns - 1};
  bool has_number = kind == layout::kReplyAnswer || kind == layout::kReplyTakeOver;
  if (!has_number && kind != layout::kReplyEndConnection) return 0;
  return kRuns[(to.id.slot + to.sequence / 2) % 3] * layout::kMeasuredKinds + to.sequence % 5;
}

}  // namespace

void ReplyBlock::put(const Recipient& to, const ReplyWords& reply) {
  uint32_t* words = replies_.block->words + words_used_;
  words[layout::kReplyKind] = reply.kind;
  words[layout::kReplySlot] = to.id.slot;
  words[layout::kReplyGeneration] = to.id.generation;
  words[layout::kReplySequence] = to.sequence;
  words[layout::kReplyStatus] = reply.status | (number_of(reply.kind, to) << 16);
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
  return static_cast<int64_t>(bodies_out_->size()) -
         std::count_if(replies_.bodies.begin(), replies_.bodies.end(), is_lent);
}

int64_t ReplyBlock::files_kept() const {
  auto is_file = [](const net::HeldBytes& held) { return held.file != nullptr; };
  return std::count_if(replies_.bodies.begin(), replies_.bodies.end(), is_file);
}

}  // namespace brink::fuzz
