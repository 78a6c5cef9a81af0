// Fills a block with replies, as src/layout.ts lays them out, and lends the bodies that cross by reference: memory,
// which may be taken away or resized while it is lent, or pieces of files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/guarded_block.h"
#include "reactor/exchange.h"

namespace brink::fuzz {

// The words of a reply; whom it is for comes with it.
struct ReplyWords {
  uint32_t kind = layout::kReplyAnswer;
  uint32_t status = 200;
  uint32_t flags = layout::kContentTypeText;
  uint32_t fields_at = 0;
  uint32_t fields_size = 0;
  uint32_t body_at = 0;
  uint32_t body_size = 0;
};

struct Recipient {
  reactor::ConnectionId id = {0, 0};
  uint32_t sequence = 0;
};

class ReplyBlock {
 public:
  explicit ReplyBlock(std::function<void(reactor::Replies)> apply);
  ~ReplyBlock();
  ReplyBlock(const ReplyBlock&) = delete;
  ReplyBlock& operator=(const ReplyBlock&) = delete;

  // Sends what is there if a reply with so many bytes does not fit beside it.
  void make_room(size_t bytes);
  uint32_t put_bytes(const std::string& bytes);
  // The place of the body among those that cross by reference.
  uint32_t lend(const std::string& bytes);
  uint32_t lend_pattern(size_t size);
  uint32_t lend_file(uint64_t size, uint64_t offset, uint64_t length);
  uint32_t lent() const { return static_cast<uint32_t>(replies_.bodies.size()); }
  void put(const Recipient& to, const ReplyWords& reply);

  // What becomes of memory that is lent: it is gone, smaller, larger; or elsewhere, which is nobody's concern.
  enum class Change : uint8_t { gone, smaller, larger, moved };
  void change(size_t which, Change change);
  // The next body changes when it is looked at for this time.
  void change_next(uint32_t looks, Change change) { next_change_ = {looks, change}; }

  // What there is of a lent body now, without being counted as a look at it; and whether it is another size than it
  // was.
  static net::Slice peek(const net::HeldBytes& lent);
  static std::shared_ptr<const bool> has_changed(const net::HeldBytes& lent);

  void send();
  // Whatever is in the words and bytes.
  void send_raw(const std::vector<uint32_t>& words, const std::string& bytes, const std::vector<size_t>& body_sizes);

  // Of memory, those that the reactor has; and files that it does not have yet.
  int64_t bodies_out() const;
  int64_t files_kept() const;
  size_t largest() const { return largest_; }

 private:
  class LentBody;
  struct PlannedChange {
    uint32_t looks = 0;
    Change change = Change::gone;
  };

  void begin();

  const std::function<void(reactor::Replies)> apply_;
  reactor::Replies replies_;
  uint32_t words_used_ = 0;
  uint32_t bytes_used_ = 0;
  uint32_t serial_ = 0;
  PlannedChange next_change_;
  std::shared_ptr<std::vector<LentBody*>> bodies_out_ = std::make_shared<std::vector<LentBody*>>();
  size_t largest_ = 0;
};

}  // namespace brink::fuzz
