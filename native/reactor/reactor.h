// One loop: a poller, its listeners, its connections, their deadlines. Accepts, reads, parses, hands over, writes,
// times out. Owned by exactly one thread; nothing in it is shared.
//
// It is written for edges: a readiness that was not used up is remembered in the connection, which then stands in the
// ready list or has something in its way that settle() sees go. A call may end a connection: a reference to it stays
// valid to the end of turn() or apply(), and has_ended() tells.
//
// Its files: reactor.cc waits, reads and settles; accepting.cc accepts; announcing.cc hears proxies; sealing.cc speaks
// TLS; answering.cc frames answers and streams; writing.cc sends; ending.cc refuses, ends and times out;
// drained_work.cc counts what becomes of the work of a server that is closed. observing.h follows requests, where
// somebody logs or measures them.
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
#include "reactor/notices.h"
#include "reactor/observing.h"
#include "reactor/options.h"
#include "reactor/reply_reader.h"
#include "reactor/sealing.h"
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
  // negative errno. With contexts, its connections speak TLS.
  int add_listener(net::Fd listener, bool shared = false, ProxyHeaders proxy_headers = ProxyHeaders::off,
                   std::shared_ptr<const tls::Contexts> contexts = nullptr);
  // Of the listeners that have these contexts, connections get others from now on. Open ones keep theirs.
  void change_contexts(const std::shared_ptr<const tls::Contexts>& from,
                       const std::shared_ptr<const tls::Contexts>& to);

  // Lets the waker end a wait: 0, or the poller's negative errno. The waker outlives the reactor.
  int add_waker(const net::Waker& waker);

  // Deals with what is ready; waits up to `timeout_ms` for it (-1: until something is). True when there is more to do
  // that needs no waiting: the host lets others have their turn and calls again.
  bool turn(int timeout_ms);

  // Answers GET and HEAD of this target from now on, until another one is set. The fields are complete lines.
  void set_fixed(std::string target, FixedAnswer answer) { fixed_.set(std::move(target), std::move(answer)); }

  // Frames and sends what JavaScript answered, within a turn or between turns. Replies to connections that are gone are
  // dropped.
  void apply(Replies replies);

  // Milliseconds until a deadline wants turn() to be called, or -1.
  int64_t next_deadline_ms() const;

  // Takes the clients that wait to be accepted, stops listening and lets every connection end: idle ones with the
  // answer to the next request, or when the grace is over, the others with their last answer. With a grace, each is
  // given time to see the end. Called again, the shortest grace counts.
  void drain(uint64_t grace_ms = 0);
  // Closes the listeners; the connections go on.
  void stop_listening();
  // Accepts one connection in so many microseconds, within milliseconds; kAcceptsNone leaves them in the kernel's
  // queue, and 0 accepts at once.
  static constexpr uint64_t kAcceptsNone = uint64_t{1} << 62;
  void pace_accepts(uint64_t interval_us);
  // New connections have a receive buffer of so many bytes; with 0 what they had before.
  void limit_receive_buffer(int bytes);
  // Ends the connections of which nothing is asked.
  void close_idle();
  // Takes over the deadlines, for all that is waited for from now on or waited for already, and how many connections
  // there may be. All else stays.
  void change_deadlines(const Options& options);
  // Ends everything at once.
  void cut();

  // Measures requests from now on.
  void measure(std::shared_ptr<Metrics> metrics);
  void measure(std::shared_ptr<Measurements> measurements);

  // Whether a turn would find work without waiting.
  bool has_work() const {
    return ((!ready_.empty() || notices_.has_progress()) && !short_of_room_) || has_rest_to_send_;
  }
  // JavaScript has given a block back: what waited for one goes on.
  void resume();
  bool idle() const { return connections_.open() == 0; }
  Stats stats() const;
  net::Descriptor descriptor() const { return poller_->descriptor(); }
  // Whether descriptor() does not tell of everything before the next turn.
  bool has_changes() const { return poller_->has_changes(); }

 private:
  friend struct Inspection;
  friend class Observing;

  // Slots from here on are listeners' and the waker's, and no connection's.
  static constexpr uint32_t kListenerSlots = 0xffffff00;
  static constexpr uint32_t kWakerSlot = 0xffffffff;

  struct Listener {
    net::Fd fd;
    bool shared = false;  // with other reactors
    ProxyHeaders proxy_headers = ProxyHeaders::off;
    bool readable = false;
    bool wanted = true;  // what a level-triggered poller was told
    std::shared_ptr<const tls::Contexts> contexts;
    const http::Limits* limits = nullptr;  // of its connections
    bool is_plain = true;                  // they begin with a request
    int usual_receive_buffer = 0;          // of its connections, while they have another one; 0: they have not
  };

  // Wait, read and settle.
  void look_at_clock();
  void note(const poller::Ready& ready);
  void push_ready(Connection& connection);
  bool ensure_room();
  void step(ConnectionId id);
  void read(Connection& connection);
  void receive(Connection& connection);
  int64_t receive_bytes(Connection& connection, char* at, size_t size);
  void take_in(Connection& connection, char* at, size_t size);
  void parse(Connection& connection, char* at, size_t size);
  void hear_proxy(Connection& connection, char* at, size_t size);
  void pass_on(Connection& connection, net::Slice bytes);
  void hear_the_end(Connection& connection);
  bool on_request(const http::Request& request) override;
  [[gnu::noinline, gnu::cold]] void put_opening(const Connection& connection, size_t fields);
  bool on_body(net::Slice bytes, net::Slice trailers, bool is_last) override;
  void count_pending_input(Connection& connection, uint32_t sequence, uint64_t bytes);
  void settle(Connection& connection);
  bool hears_no_more(const Connection& connection) const;
  bool is_drained(const Connection& connection) const;
  bool settle_rare(Connection& connection);
  void note_held_back(Connection& connection, IncomingBody& incoming);
  void arm(Connection& connection, bool reads);
  void want_reads(Connection& connection, bool wanted);
  void want_writes(Connection& connection, bool wanted);
  void deliver();
  void put_notices();

  // How slowly connections are accepted, where somebody wants it so.
  struct AcceptPace {
    uint64_t interval_us;
    uint64_t next_us;
  };

  // Accept.
  void accept_waiting();
  void accept_paced();
  bool accept_one();
  bool accept_from(Listener& listener, size_t most = 0);  // 0: as many as are usual
  void want_accepts(Listener& listener, bool wanted);
  void admit(net::Fd fd, const net::Address& peer, const Listener& listener);
  void await_opening(Connection& connection, const Listener& listener);
  void turn_away(Connection& connection, bool is_plain);

  // Speak TLS.
  void await_handshake(Connection& connection, const std::shared_ptr<const tls::Contexts>& contexts);
  void receive_sealed(Connection& connection, char* at);
  void open_received(Connection& connection, char* at, size_t size);
  const http::HostRule* host_rule_of(const Connection& connection);
  size_t finish_handshake(Connection& connection, char* at, size_t bytes);
  void refuse_plain_http(Connection& connection);
  void end_broken_session(Connection& connection, net::Slice alert);
  void send_plain(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows);
  void send_from_room(Connection& connection, bool end_follows, size_t plain = 0);
  net::PendingOutput::Sent send_rest_sealed(Connection& connection);
  bool say_end_of_session(Connection& connection);
  void say_end_at_once(Connection& connection);
  void end_turn_of_sealing();

  // Frame answers, in the order of the requests.
  void act_on(Connection& connection, const Reply& given);
  bool answer_fixed(Connection& connection, uint32_t sequence, const http::Request& request);
  bool is_usual(const Connection& connection, const Reply& given) const;
  void answer(Connection& connection, const Reply& given);
  void stop_hearing(Connection& connection);
  void note_usual(Connection& connection, const Reply& given);
  bool says_no_more(const Connection& connection) const;
  void add_chunk(Connection& connection, const Reply& given);
  void end_body(Connection& connection, Answer& answer);
  void pass_due(Connection& connection, bool close, bool streamed);
  void drop_unanswered(Connection& connection);
  void abort(Connection& connection, uint32_t sequence);
  void break_off(Connection& connection);
  void read_more(Connection& connection, const Reply& given);
  void take_over(Connection& connection, const Reply& given);
  void decline_offer(Connection& connection);
  void become_tunnel(Connection& connection, uint32_t sequence);
  bool ends_tunnel(Connection& connection);
  void set_deadlines(Connection& connection, const Reply& given);

  // Send.
  net::ByteBuffer& begin_output(Connection& connection, const Answer& answer);
  void put_held(Connection& connection, Answer& answer, net::HeldBytes body);
  void finish_output(Connection& connection, Answer& answer);
  void put_waiting(Connection& connection, net::PendingOutput waiting);
  void select_output(Connection& connection) {
    if (output_of_ != &connection) change_output(connection);
  }
  void change_output(Connection& connection);
  void settle_later(Connection& connection) { select_output(connection); }
  void flush_output();
  void send(Connection& connection, net::Slice bytes, net::HeldBytes body, bool end_follows = false);
  bool send_rest(Connection& connection);
  void offer_continue(Connection& connection);
  void tell_drained(Connection& connection);

  // Refuse, end, and time out.
  void refuse(Connection& connection, http::Refusal refusal, net::Slice packet = {nullptr, 0});
  void refuse_proxy_header(Connection& connection, http::Refusal refusal);
  void ask_about_refusal(Connection& connection, http::Refusal refusal, net::Slice packet);
  net::Slice refused_head(const Connection& connection, net::Slice packet) const;
  void tell_client_error(const Connection& connection, http::Refusal refusal, const char* reason = "");
  void discard_input(Connection& connection);
  void end(Connection& connection);
  void end_connection(Connection& connection, const Reply& given);
  void drop(Connection& connection);
  void drop_broken(Connection& connection);
  void cut_off(Connection& connection, http::Refusal refusal);
  void expire_deadlines();
  void expire(Connection& connection);
  void expire_lingering(Connection& connection);
  void look_at_held_back(Connection& connection);
  void give_memory_back();

  // What becomes of the work while draining.
  void begin_counting();
  void count_answered(Connection& connection, bool streamed);
  void count_taken(Connection& connection);
  void count_unanswered(const Connection& connection, Work& work) const;
  void count_end(Connection& connection);

  bool is_idle(const Connection& connection) const;

  void observe(std::shared_ptr<RequestLog> log);

  Options options_;
  http::Limits secure_limits_;  // the same for connections with TLS
  std::unique_ptr<poller::Poller> poller_;
  BatchSink& sink_;
  EventWriter events_;
  http::ParserScratch scratch_;
  http::ResponseHeadWriter heads_;
  std::vector<Listener> listeners_;
  const net::Waker* waker_ = nullptr;
  std::unique_ptr<Sealing> sealing_;  // once a listener has TLS; it outlives the connections
  ConnectionTable connections_;
  net::DeadlineWheel wheel_;
  std::vector<poller::Ready> polled_;
  std::vector<ConnectionId> ready_;      // connections with a readiness to use
  std::vector<ConnectionId> ready_now_;  // those of the pass that is under way
  FixedAnswers fixed_;
  Notices notices_;
  std::unique_ptr<Observing> observing_;  // null while nobody wants to know
  http::RequestSink* requests_ = this;    // who is given requests: this, or the observer
  Connection* parsing_ = nullptr;
  Connection* output_of_ = nullptr;     // whose answers are being framed:
  net::ByteBuffer output_;              // those that are due, to be sent together,
  net::ByteBuffer early_output_;        // and a piece of one that is given before its turn
  bool has_unoffered_pending_ = false;  // what was given early has become due, and the socket was not offered it
  uint64_t now_ms_;
  uint64_t now_us_;                          // the same time
  uint64_t read_us_ = 0;                     // when what is parsed came
  uint64_t accept_again_ms_ = 0;             // when descriptors had run out: the time to try again
  std::unique_ptr<AcceptPace> accept_pace_;  // null: they are accepted at once
  uint32_t full_waits_ = 0;                  // in a row
  size_t most_open_ = 0;                     // since memory was last given back
  size_t turned_away_ = 0;                   // those that still linger
  bool in_turn_ = false;
  bool short_of_room_ = false;     // all blocks are with JavaScript, and the one being filled is full
  bool has_rest_to_send_ = false;  // a connection in the ready list would take more of its output
  bool draining_ = false;
  bool cutting_ = false;
  Stats stats_;
};

}  // namespace brink::reactor
