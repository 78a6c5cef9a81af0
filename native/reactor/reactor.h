// One loop: a poller, its listeners, its connections, their deadlines. Accepts, reads, parses, hands over, writes,
// times out. Owned by exactly one thread; nothing in it is shared.
//
// It is written for edges: a readiness that was not used up is remembered in the connection, which then stands in the
// ready list or has something in its way that settle() sees go.
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
#include "reactor/options.h"
#include "reactor/reply_reader.h"
#include "reactor/stats.h"

namespace brink::reactor {

class Reactor final : private http::RequestSink {
 public:
  Reactor(const Options& options, std::unique_ptr<poller::Poller> poller, BatchSink& sink);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Takes over a listening socket: 0, or the poller's negative errno.
  int add_listener(net::Fd listener);

  // Lets the waker end a wait: 0, or the poller's negative errno. The waker outlives the reactor.
  int add_waker(const net::Waker& waker);

  // Deals with what is ready; waits up to `timeout_ms` for it (-1: until something is). True when there is more to do
  // that needs no waiting: the host lets others have their turn and calls again.
  bool turn(int timeout_ms);

  // Frames and sends what JavaScript answered. Replies to connections that are gone are dropped.
  void apply(Replies replies);

  // Milliseconds until a deadline wants turn() to be called, or -1.
  int64_t next_deadline_ms() const;

  // Stops listening and lets every connection end: idle ones now, the others with their last answer.
  void drain();
  // Ends everything at once.
  void cut();

  // Whether a turn would find work without waiting.
  bool has_work() const { return !ready_.empty() && !short_of_room_; }
  // JavaScript has given a block back: what waited for one goes on.
  void resume();
  bool idle() const { return connections_.open() == 0; }
  Stats stats() const;
  net::Descriptor descriptor() const { return poller_->descriptor(); }

 private:
  friend struct Inspection;

  struct Listener {
    net::Fd fd;
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
  void discard_input(Connection& connection);
  bool may_take_requests(const Connection& connection) const;
  bool on_request(const http::Request& request) override;
  void refuse(Connection& connection, http::Refusal refusal);
  // hand over
  void deliver();
  void note_client_error(const Connection& connection, http::Refusal refusal);
  void put_small_events();
  // write
  void answer(const Answer& answer);
  void frame(net::ByteBuffer& out, Connection& connection, const Answer& answer, bool close);
  void emit(Connection& connection, bool close, net::HeldBytes body);
  void emit_held(Connection& connection);
  void select_output(Connection& connection);
  void flush_output();
  void send(Connection& connection, net::Slice bytes, net::HeldBytes body);
  void send_pending(Connection& connection);
  void offer_continue(Connection& connection);
  // end, and time out
  void settle(Connection& connection);
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
  void cut_off(Connection& connection, http::Refusal refusal);
  void look_at_lingering(Connection& connection);

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
  Connection* parsing_ = nullptr;
  net::ByteBuffer output_;  // framed answers of one connection, sent together
  ConnectionId output_of_ = {0, 0};
  uint64_t now_ms_;
  uint64_t accept_again_ms_ = 0;            // when descriptors had run out: the time to try again
  size_t turned_away_ = 0;                  // those that still linger
  std::vector<ClientError> client_errors_;  // to be told with the next batch
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
