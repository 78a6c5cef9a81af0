// One loop: a poller, its listeners, its connections, their deadlines. Accepts, reads, parses, hands over, writes,
// times out. Owned by exactly one thread; nothing in it is shared.
//
// It is written for edges: a readiness that was not used up is remembered in the connection, which then stands in the
// ready list or has something in its way that settle() sees go.
//
// Its parts: reactor.cc waits, reads and ends; accepting.cc accepts; writing.cc writes; timing.cc times out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http/response_head.h"
#include "net/deadline_wheel.h"
#include "net/fd.h"
#include "net/waker.h"
#include "poller/poller.h"
#include "reactor/connection_table.h"
#include "reactor/event_writer.h"
#include "reactor/exchange.h"
#include "reactor/fixed_answers.h"
#include "reactor/options.h"
#include "reactor/reply_reader.h"
#include "reactor/stats.h"

namespace brink::reactor {

// An answer of the server's own, after which the connection ends.
Reply last_answer(ConnectionId id, uint32_t sequence, uint16_t status);

class Reactor final : private http::RequestSink {
 public:
  Reactor(const Options& options, std::unique_ptr<poller::Poller> poller, BatchSink& sink);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Takes over a listening socket, which other reactors have descriptors of if it is shared: 0, or the poller's
  // negative errno.
  int add_listener(net::Fd listener, bool shared = false);

  // Lets the waker end a wait: 0, or the poller's negative errno. The waker outlives the reactor.
  int add_waker(const net::Waker& waker);

  // Deals with what is ready; waits up to `timeout_ms` for it (-1: until something is). True when there is more to do
  // that needs no waiting: the host lets others have their turn and calls again.
  bool turn(int timeout_ms);

  // Answers GET and HEAD of this target from now on, until another one is set. The fields are complete lines.
  void set_fixed(std::string target, FixedAnswer answer) { fixed_.set(std::move(target), std::move(answer)); }

  // Frames and sends what JavaScript answered. Replies to connections that are gone are dropped.
  void apply(Replies replies);

  // Milliseconds until a deadline wants turn() to be called, or -1.
  int64_t next_deadline_ms() const;

  // Stops listening and lets every connection end: idle ones now, the others with their last answer.
  void drain();
  // Ends everything at once.
  void cut();

  // Whether a turn would find work without waiting.
  bool has_work() const { return (!ready_.empty() || !progress_.empty()) && !short_of_room_; }
  // JavaScript has given a block back: what waited for one goes on.
  void resume();
  bool idle() const { return connections_.open() == 0; }
  Stats stats() const;
  net::Descriptor descriptor() const { return poller_->descriptor(); }

 private:
  friend struct Inspection;

  // Slots from here on are listeners' and the waker's, and no connection's.
  static constexpr uint32_t kListenerSlots = 0xffffff00;
  static constexpr ConnectionId kNobody = {kListenerSlots, 0};
  // Of a body that nobody wanted this much is read, for the sake of the next request.
  static constexpr uint64_t kMostForgotten = 1024 * 1024;
  // Of fixed answers so much is framed before it is sent, and the next requests are looked at.
  static constexpr size_t kMostFramed = 256 * 1024;
  static constexpr int64_t kMostCredit = int64_t{1} << 53;

  struct Listener {
    net::Fd fd;
    bool shared = false;  // with other reactors
    bool readable = false;
    bool wanted = true;  // what a level-triggered poller was told
  };

  // wait
  void look_at_clock();
  void note(const poller::Ready& ready);
  void push_ready(Connection& connection);
  // accept
  void accept_waiting();
  bool accept_from(Listener& listener);
  void want_accepts(Listener& listener, bool wanted);
  void admit(net::Fd fd, const net::Address& peer);
  void turn_away(Connection& connection);
  // read
  bool ensure_room();
  void step(ConnectionId id);
  void read(Connection& connection);
  void parse(Connection& connection, char* at, size_t size);
  void receive(Connection& connection);
  void pass_on(Connection& connection, net::Slice bytes);
  void hear_the_end(Connection& connection);
  void discard_input(Connection& connection);
  bool may_read(const Connection& connection) const;
  bool may_take_another(const Connection& connection) const;
  static bool wants_body(const IncomingBody& incoming) { return incoming.discarded || incoming.credit > 0; }
  bool on_request(const http::Request& request) override;
  bool on_body(net::Slice bytes, net::Slice trailers, bool is_last) override;
  void refuse(Connection& connection, http::Refusal refusal);
  // hand over
  void deliver();
  void note_client_error(const Connection& connection, http::Refusal refusal);
  void put_small_events();
  bool has_small_events() const { return notice_is_due_ || !client_errors_.empty() || !progress_.empty(); }
  // write
  bool answer_fixed(Connection& connection, uint32_t sequence, const http::Request& request);
  void act_on(Connection& connection, const Reply& given);
  bool is_usual(const Connection& connection, const Reply& given) const;
  void answer(Connection& connection, const Reply& given);
  HeldAnswer& hold(Connection& connection, uint32_t sequence);
  static HeldAnswer* find_held(Connection& connection, uint32_t sequence);
  bool says_no_more(const Connection& connection) const;
  bool leaves_too_much_unread(const Connection& connection, const Reply& given) const;
  static OutgoingBody::Framing framing_of(const Connection& connection, const Reply& given);
  void frame(net::ByteBuffer& out, Connection& connection, const Reply& given, const OutgoingBody& outgoing);
  void add_chunk(Connection& connection, const Reply& given);
  static void begin_chunk(net::ByteBuffer& out, uint64_t size);
  void end_body(Connection& connection, const Reply& given, OutgoingBody& outgoing, HeldAnswer* held);
  void abort(Connection& connection, uint32_t sequence);
  void break_off(Connection& connection);
  void read_more(Connection& connection, const Reply& given);
  void take_over(Connection& connection, const Reply& given);
  void become_tunnel(Connection& connection);
  bool put_out(Connection& connection, net::HeldBytes body);
  void emit(Connection& connection, bool close);
  void emit_held(Connection& connection);
  void select_output(Connection& connection);
  void settle_later(Connection& connection);
  void flush_output();
  void tell_drained(Connection& connection);
  void send(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows = false);
  bool send_rest(Connection& connection);
  void send_pending(Connection& connection);
  void offer_continue(Connection& connection);
  // end, and time out
  void settle(Connection& connection);
  bool ends_tunnel(Connection& connection);
  static bool ends_behind_output(const Connection& connection);
  void end(Connection& connection);
  void drop(Connection& connection);
  void want_reads(Connection& connection, bool wanted);
  void want_writes(Connection& connection, bool wanted);
  void arm(Connection& connection);
  static Deadline deadline_of(const Connection& connection);
  uint64_t due_ms(const Connection& connection) const;
  uint64_t window_end_ms(const Connection& connection) const;
  void expire_deadlines();
  void expire(Connection& connection);
  bool is_too_slow(const Connection& connection) const;
  void set_deadlines(Connection& connection, const Reply& given);
  static void forget_deadlines(Connection& connection);
  void pass_deadlines(Connection& connection, uint32_t sequence) const;
  static const Deadlines* own_deadlines_of(const Connection& connection, uint32_t sequence);
  static const Deadlines* own_deadlines_of_body(const Connection& connection);
  uint64_t request_timeout_ms(const Connection& connection) const;
  uint64_t min_rate_bytes(const Connection& connection) const;
  Patience server_patience() const { return {options_.write_timeout_ms, options_.min_rate_bytes}; }
  Patience patience_with_answer(const Connection& connection, uint32_t sequence) const;
  Patience patience_with_unsent(const Connection& connection) const;
  void cut_off(Connection& connection, http::Refusal refusal);
  void look_at_lingering(Connection& connection);
  void give_memory_back();

  const Options options_;
  std::unique_ptr<poller::Poller> poller_;
  BatchSink& sink_;
  EventWriter events_;
  http::ParserScratch scratch_;
  http::ResponseHeadWriter heads_;
  std::vector<Listener> listeners_;
  const net::Waker* waker_ = nullptr;
  ConnectionTable connections_;
  net::DeadlineWheel wheel_;
  std::vector<poller::Ready> polled_;
  std::vector<ConnectionId> ready_;      // connections with a readiness to use
  std::vector<ConnectionId> ready_now_;  // those of the pass that is under way
  FixedAnswers fixed_;
  Connection* parsing_ = nullptr;
  uint64_t messages_ = 0;   // that were parsed to their end
  net::ByteBuffer output_;  // framed answers of one connection, sent together
  ConnectionId output_of_ = kNobody;
  uint64_t now_ms_;
  uint64_t accept_again_ms_ = 0;            // when descriptors had run out: the time to try again
  uint32_t full_waits_ = 0;                 // in a row
  size_t most_open_ = 0;                    // since memory was last given back
  size_t turned_away_ = 0;                  // those that still linger
  std::vector<ClientError> client_errors_;  // to be told with the next batch, as
  std::vector<Progress> progress_;          // this
  uint64_t client_errors_since_ms_ = 0;
  uint32_t client_errors_told_ = 0;  // in this second
  uint32_t client_errors_untold_ = 0;
  bool told_poller_full_ = false;
  bool notice_is_due_ = false;
  bool short_of_room_ = false;  // all blocks are with JavaScript, and the one being filled is full
  bool draining_ = false;
  Stats stats_;
};

}  // namespace brink::reactor
