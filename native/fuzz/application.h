// The other side of the exchange, in JavaScript's place: takes batches, and answers what is in them at once, later, in
// another order, piece by piece, twice or never, with whatever a handler, or a broken one, could hand back. Its blocks
// run out.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "fuzz/guarded_block.h"
#include "fuzz/reply_block.h"
#include "reactor/exchange.h"

namespace brink::fuzz {

// A request as JavaScript was told of it.
struct ToldRequest {
  reactor::ConnectionId id;
  uint32_t sequence;
  uint16_t client;
  bool is_ipv4;
  bool is_announced;
  net::Address named;  // then
  bool is_unknown;     // who the client is
  bool has_body;
  bool body_follows;
  bool offers_upgrade;
  bool expects_continue;
  bool is_chunked;
  uint64_t announced;
  net::Slice head;
  net::Slice body;
  net::Slice trailers;
};

// The same of a piece of a body.
struct ToldBody {
  reactor::ConnectionId id;
  uint32_t sequence;
  bool ends;
  bool failed;
  uint32_t refusal;
  net::Slice bytes;
  net::Slice trailers;
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
  // Streams: of which nothing follows by itself,
  stream,
  sized_stream,
  // and those that are sent whole, or piece by piece when there is room, or give back what comes in.
  whole_stream,
  whole_sized_stream,
  stream_with_too_little,
  stream_with_too_much,
  stream_that_asks,
  stream_of_references,
  echo,
  take_over,
  file,
  short_file,
  long_file,
  // Bytes as they are.
  raw,
  raw_that_closes,
  raw_by_reference,
  raw_stream,
  raw_stream_that_asks,
  raw_whole_stream,
  raw_stream_that_takes_over,
};
inline constexpr size_t kReplyKinds = 37;

// What is done with a body that follows its request.
enum class Uploads : uint8_t { wanted_whole, wanted_by_piece, not_waited_for, not_wanted };

class Application final : public reactor::BatchSink {
 public:
  struct Hooks {
    std::function<void(const ToldRequest&)> on_request;
    std::function<void(const ToldBody&)> on_body;
    std::function<void(reactor::ConnectionId id, bool half)> on_gone;
    std::function<void(reactor::ConnectionId id, uint32_t sequence)> on_drained;
    std::function<void(reactor::ConnectionId id, size_t client)> on_opened;
    std::function<void(reactor::ConnectionId id)> on_closed;
    std::function<void(reactor::ConnectionId id, uint32_t refusal, net::Slice packet)> on_refused;
    std::function<void(reactor::Replies)> apply;
    std::function<void()> resume;
  };

  Application(bool is_inline, size_t blocks, Hooks hooks);

  // How it answers from now on.
  // `sends_each`: an answer leaves before the next request of its batch is answered.
  void answer_at_once(bool on, bool sends_each = false) {
    answers_at_once_ = on;
    sends_each_ = sends_each;
  }
  void usual_reply(ReplyKind kind, size_t size);
  void treat_uploads(Uploads how) { uploads_ = how; }
  // Done once, within the next delivery.
  void do_in_delivery(std::function<void()> action) { in_delivery_ = std::move(action); }

  // Answers one that is waiting, or one that was answered before, or one that never was. Nothing leaves before send().
  void answer(size_t which, ReplyKind kind, size_t size);
  void answer_again(size_t which);
  void answer_nobody(uint32_t slot, uint32_t generation, uint32_t sequence, uint32_t kind);
  // Of a stream that is open; or, if there is none, of an answer that is complete.
  void add_chunk(size_t which, uint8_t how, size_t size);
  void abort(size_t which);
  // Of any request, or of a client that it was asked about.
  void end_connection(size_t which, uint8_t how, size_t size);
  // Of any request that was not answered whole.
  void read_more(size_t which, uint32_t bytes);
  // Of those that are lent, or the next one that will be.
  void change_lent(size_t which, ReplyBlock::Change change) { replies_.change(which, change); }
  void change_next_lent(uint32_t looks, ReplyBlock::Change change) { replies_.change_next(looks, change); }
  void set_deadlines(size_t which, uint32_t request_ms, uint32_t write_ms, uint32_t rate_and_one);

  void answer_all();
  void end_streams();
  void abort_streams();
  void catch_up();  // after a turn
  void send();
  // Whatever is in the words and bytes.
  void send_raw(const std::vector<uint32_t>& words, const std::string& bytes, const std::vector<size_t>& body_sizes) {
    replies_.send_raw(words, bytes, body_sizes);
  }

  void give_block_back(size_t which);
  void give_all_blocks_back();
  void refuse_batches(bool on);

  bool holds_blocks() const { return !lent_.empty() || refuses_; }
  const ReplyBlock& replies() const { return replies_; }

  // BatchSink
  reactor::Block* acquire() override;
  bool takes_batches() const override;
  void deliver(reactor::Batch batch) override;

 private:
  struct Request {
    Recipient to;
    uint16_t client;
    bool body_comes;
    std::string body;      // as far as it has come
    bool asked = false;    // for all of it, or for the next piece
    bool is_left = false;  // for the script to answer
  };
  struct Stream {
    Recipient to;
    size_t size;        // of each piece
    size_t pieces = 0;  // that are left for when there is room
    bool echoes = false;
  };
  // What came, to be acted on when the batch was read.
  struct Event {
    enum class Kind : uint8_t { body, drained, gone } kind;
    Recipient to;
    std::string bytes;
    bool ends = false;
    bool failed = false;
  };

  void read(const reactor::Batch& batch);
  void read_secured(const reactor::Batch& batch, const uint32_t* words);
  void read_request(const reactor::Batch& batch, const uint32_t* words);
  void read_body(const reactor::Batch& batch, const uint32_t* words);
  void act();
  void act_on(const Event& event);
  void act_on_body(const Event& event);
  void answer_what_is_ready();
  void begin_upload(Request& request);
  size_t affordable(ReplyKind kind, size_t size);
  void compose(const Request& to, ReplyKind kind, size_t size);
  void compose_raw(const Request& to, ReplyKind kind, size_t size);
  void say_end(const Recipient& to, uint8_t how, size_t size);
  void end_refused();
  void compose_stream(const Request& to, ReplyKind kind, size_t size);
  void compose_text(const Request& to, ReplyKind kind, size_t size);
  void set_body(const Request& to, ReplyKind kind, size_t size, ReplyWords* reply);
  void head_of_stream(const Recipient& to, uint64_t size, bool sized);
  void chunk(const Recipient& to, const std::string& bytes, uint32_t flags, bool by_reference = false);
  void say(const Recipient& to, uint32_t kind, uint32_t length = 0);
  Stream* find_stream(const Recipient& to);
  void close_stream(const Recipient& to);

  const bool is_inline_;
  const Hooks hooks_;
  std::vector<GuardedBlock*> free_;
  std::vector<GuardedBlock*> lent_;  // delivered and not given back
  size_t blocks_;
  std::vector<Request> waiting_;
  std::vector<Request> answered_;
  std::vector<Stream> streams_;
  std::vector<Recipient> refused_;
  std::deque<Event> events_;
  std::set<uint64_t> secured_;  // the tokens of connections with TLS
  bool answers_at_once_ = true;
  bool sends_each_ = false;
  bool refuses_ = false;
  ReplyKind usual_kind_ = ReplyKind::text;
  size_t usual_size_ = 0;
  Uploads uploads_ = Uploads::wanted_whole;
  std::function<void()> in_delivery_;
  ReplyBlock replies_;
  uint32_t serial_ = 0;
  size_t given_ = 0;
};

}  // namespace brink::fuzz
