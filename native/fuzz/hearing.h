// What the application is told of one client, held against what the client sent, what was asked for, and the order in
// which it may be told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/application.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/sent_stream.h"

namespace brink::fuzz {

// A body that follows its request.
struct HeardBody {
  uint32_t sequence = 0;
  uint64_t told = 0;
  uint64_t asked = 0;
  bool expects_continue = false;
  bool is_raw = false;
  bool over = false;       // ended, or failed
  uint64_t began_ms = 0;   // not before
  uint64_t waited_ms = 0;  // when nothing was wanted of it, so long at the least
  uint64_t waits_since_ms = 0;
  bool waits = false;
  bool is_held = false;  // until an offer is declined
};

class Hearing {
 public:
  // The time that the body which just failed had, but for what it waited.
  uint64_t time_of_body_ms() const;
  uint32_t sequence_of_body() const { return body_->sequence; }

  Hearing(size_t number, const Client& client) : number_(number), client_(client), stream_(client.sent) {}

  void on_request(const ToldRequest& request);
  void on_body(const ToldBody& body);
  void on_gone(bool half);
  void on_opened(reactor::ConnectionId id);
  void on_closed();
  void on_refused(uint32_t refusal, net::Slice packet);
  // Nothing is compared from now on.
  void give_up() { given_up_ = true; }
  bool was_asked_about() const { return refused_; }
  bool is_open() const { return opened_ && !closed_; }

  // What the replies in a block ask for, before the reactor sees them.
  void asks_for_more(uint32_t sequence, uint64_t bytes, bool declines);
  void takes_over(uint32_t sequence);
  void tells_connections() { tells_ = true; }
  // Its connection begins with a header of the PROXY protocol, or may begin with one.
  void may_announce() { may_announce_ = true; }

  size_t number() const { return number_; }
  bool is_known() const { return id_.has_value(); }
  uint32_t requests() const { return requests_; }
  // Those that are the application's to answer: not the last, if the server refused it when its head had been told.
  uint32_t requests_to_answer() const { return requests_ - (last_is_refused_ ? 1 : 0); }
  bool offers_upgrade(uint32_t sequence) const { return offer_ == sequence; }
  bool is_handed_over() const { return body_ && body_->is_raw; }
  bool was_told_gone() const { return gone_; }
  // How many "100 Continue" it may have been sent.
  uint32_t continues_due() const { return continues_due_; }

 private:
  void take_piece(std::string_view piece);
  void check_announcement(const ToldRequest& request);
  void look_at_credit();

  const size_t number_;
  const Client& client_;
  SentStream stream_;
  std::optional<reactor::ConnectionId> id_;
  std::optional<uint32_t> offer_;
  std::optional<HeardBody> body_;
  uint32_t requests_ = 0;
  uint32_t continues_due_ = 0;
  bool last_is_refused_ = false;
  bool half_gone_ = false;
  bool gone_ = false;
  bool opened_ = false;
  bool closed_ = false;
  bool refused_ = false;
  bool given_up_ = false;
  bool tells_ = false;  // connections
  bool may_announce_ = false;
};

}  // namespace brink::fuzz
