// The other side of the exchange, in JavaScript's place: takes batches, and answers what is in them at once, later, in
// another order, twice or never, with whatever a handler, or a broken one, could hand back. Its blocks run out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/guarded_block.h"
#include "reactor/exchange.h"

namespace brink::fuzz {

// A request as JavaScript was told of it.
struct ToldRequest {
  reactor::ConnectionId id;
  uint32_t sequence;
  uint16_t client;
  bool is_head;
  bool is_ipv4;
  net::Slice head;
  net::Slice body;
};

enum class ReplyKind : uint8_t {
  text,
  empty,
  by_reference,
  close,
  no_content,
  not_modified,
  fields,
  dated,
  length_only,
  any_status,
  invalid_status,
  invalid_fields,
  framing_fields,
  outside_the_block,
  unknown_body,
  unknown_kind,
  same_body_twice,
};
inline constexpr size_t kReplyKinds = 17;

class Application final : public reactor::BatchSink {
 public:
  struct Hooks {
    std::function<void(const ToldRequest&)> on_request;
    std::function<void(reactor::Replies)> apply;
    std::function<void()> resume;
  };

  Application(bool is_inline, size_t blocks, Hooks hooks);
  ~Application() override;

  // How it answers from now on.
  void answer_at_once(bool on) { answers_at_once_ = on; }
  void usual_reply(ReplyKind kind, size_t size);
  // Done once, within the next delivery.
  void do_in_delivery(std::function<void()> action) { in_delivery_ = std::move(action); }

  // Answers one that is waiting, or one that was answered before, or one that never was. Nothing leaves before send().
  void answer(size_t which, ReplyKind kind, size_t size);
  void answer_again(size_t which);
  void answer_nobody(uint32_t slot, uint32_t generation, uint32_t sequence);
  void answer_all();
  void catch_up();  // after a turn
  void send();
  // Whatever is in the words and bytes.
  void send_raw(const std::vector<uint32_t>& words, const std::string& bytes, const std::vector<size_t>& body_sizes);

  void give_block_back(size_t which);
  void give_all_blocks_back();
  void refuse_batches(bool on);

  size_t waiting() const { return waiting_.size(); }
  bool holds_blocks() const { return !lent_.empty() || refuses_; }
  // Those that the reactor has.
  int64_t bodies_out() const { return bodies_out_ - static_cast<int64_t>(replies_.bodies.size()); }
  size_t largest_reply() const { return largest_reply_; }

  // BatchSink
  reactor::Block* acquire() override;
  bool takes_batches() const override;
  void deliver(reactor::Batch batch) override;

 private:
  struct Reply;
  class LentBody;

  void read(const reactor::Batch& batch);
  ToldRequest read_request(const reactor::Batch& batch, const uint32_t* words) const;
  net::HeldBytes lend(size_t size);
  void answer_from(size_t first);
  void compose(const ToldRequest& to, ReplyKind kind, size_t size);
  void put(const ToldRequest& to, const Reply& reply);
  uint32_t put_bytes(const std::string& bytes);
  void begin_replies();

  const bool is_inline_;
  const Hooks hooks_;
  std::vector<GuardedBlock*> free_;
  std::vector<GuardedBlock*> lent_;  // delivered and not given back
  size_t blocks_;
  std::vector<ToldRequest> waiting_;
  std::vector<ToldRequest> answered_;
  bool answers_at_once_ = true;
  bool refuses_ = false;
  ReplyKind usual_kind_ = ReplyKind::text;
  size_t usual_size_ = 0;
  std::function<void()> in_delivery_;

  reactor::Replies replies_;
  uint32_t words_used_ = 0;
  uint32_t bytes_used_ = 0;
  uint32_t serial_ = 0;
  int64_t bodies_out_ = 0;
  size_t largest_reply_ = 0;
};

}  // namespace brink::fuzz
