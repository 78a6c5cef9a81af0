#include "fuzz/hearing.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "fuzz/check.h"
#include "http/proxy_header.h"
#include "http/refusal.h"

namespace brink::fuzz {
namespace {

std::string_view text_of(net::Slice bytes) { return {bytes.data, bytes.size}; }

uint64_t time_of_byte(const Client& client, size_t place) {
  uint64_t time_ms = 0;
  for (auto [from, at_ms] : client.sent_at) {
    if (from <= place) time_ms = at_ms;
  }
  return time_ms;
}

}  // namespace

void Hearing::on_opened(reactor::ConnectionId id) {
  BRINK_HOLDS(!id_, "client %zu: opened again, or after something was told of it", number_);
  id_ = id;
  opened_ = true;
}

void Hearing::on_closed() {
  BRINK_HOLDS(is_open(), "client %zu: closed, and is not open", number_);
  closed_ = true;
}

void Hearing::on_refused(uint32_t refusal, net::Slice packet) {
  BRINK_HOLDS(!refused_ && !closed_, "client %zu: refused again, or when it has gone", number_);
  refused_ = true;
  BRINK_HOLDS(refusal < http::kRefusalCount && (refusal > 0 || client_.finished), "client %zu: refused for no reason",
              number_);
  BRINK_HOLDS(packet.size <= layout::kMostOfPacket, "client %zu: a packet of %zu bytes", number_, packet.size);
  // A body in chunks is moved together where it lies.
  bool is_as_sent = client_.sent.find("hunked") == std::string::npos;
  BRINK_HOLDS(!is_as_sent || client_.sent.find(text_of(packet)) != std::string::npos, "client %zu: another's packet",
              number_);
}

void Hearing::on_request(const ToldRequest& request) {
  if (given_up_) return;
  BRINK_HOLDS(!tells_ || is_open(), "client %zu: a request of a connection that is not open", number_);
  BRINK_HOLDS(!gone_, "client %zu: a request of somebody who was told to be gone", number_);
  BRINK_HOLDS(!id_ || id_->token() == request.id.token(), "client %zu: under another's name", number_);
  id_ = request.id;
  BRINK_HOLDS(request.sequence == requests_, "client %zu: request %u is told as the %uth", number_, request.sequence,
              requests_);
  requests_++;
  BRINK_HOLDS(request.is_ipv4 == (number_ % 2 == 0), "client %zu: another's address", number_);
  BRINK_HOLDS(!(body_ && body_->is_raw), "client %zu: a request on a connection that was handed over", number_);
  check_announcement(request);
  size_t begins_at = stream_.at();
  BRINK_HOLDS(stream_.take_head(text_of(request.head), request.has_body, request.announced),
              "client %zu: request %u has a head that it did not send", number_, request.sequence);
  BRINK_HOLDS(request.is_chunked == (request.has_body && request.announced == 0), "client %zu: chunked, or is not",
              number_);
  BRINK_HOLDS(request.has_body || (request.body.size == 0 && !request.body_follows), "client %zu: a body of nothing",
              number_);
  offer_.reset();
  if (request.offers_upgrade) offer_ = request.sequence;
  bool is_held = request.offers_upgrade && request.body_follows;
  BRINK_HOLDS(!is_held || request.body.size == 0, "client %zu: the body of an offer", number_);
  body_.reset();
  BRINK_HOLDS(stream_.take_body(text_of(request.body)), "client %zu: request %u has a body that it did not send",
              number_, request.sequence);
  if (!request.body_follows) {
    BRINK_HOLDS(stream_.take_end(text_of(request.trailers)), "client %zu: request %u ends elsewhere", number_,
                request.sequence);
    return;
  }
  body_.emplace();
  body_->sequence = request.sequence;
  body_->told = request.body.size;
  body_->is_held = is_held;
  body_->expects_continue = request.expects_continue;
  body_->began_ms = time_of_byte(client_, begins_at);
  look_at_credit();
}

// While nothing more is wanted the client need not hurry.
void Hearing::look_at_credit() {
  bool waits = body_->told >= layout::kBodyWindow + body_->asked;
  uint64_t now_ms = FakeKernel::current().now_ms();
  if (body_->waits) body_->waited_ms += now_ms - body_->waits_since_ms;
  body_->waits = waits;
  body_->waits_since_ms = now_ms;
}

uint64_t Hearing::time_of_body_ms() const {
  return FakeKernel::current().now_ms() - body_->began_ms - body_->waited_ms;
}

void Hearing::on_body(const ToldBody& body) {
  if (given_up_) return;
  BRINK_HOLDS(!gone_, "client %zu: more of a body of somebody who was told to be gone", number_);
  bool is_due = body_ && body_->sequence == body.sequence && !body_->over;
  BRINK_HOLDS(is_due, "client %zu: a piece of a body of request %u, which has none, or all of it", number_,
              body.sequence);
  BRINK_HOLDS(!body.ends || !body.failed, "client %zu: a body that ends and fails", number_);
  if (body.failed) {
    bool says_why = body.refusal > 0 && body.refusal < http::kRefusalCount;
    BRINK_HOLDS(says_why || (body.refusal == 0 && client_.finished), "client %zu: a body fails for no reason", number_);
    BRINK_HOLDS(body.bytes.size == 0 && !body_->is_raw, "client %zu: a body that fails, and more of it", number_);
    body_->over = true;
    last_is_refused_ = says_why;
    return;
  }
  take_piece(text_of(body.bytes));
  if (!body.ends) return;
  body_->over = true;
  if (body_->is_raw) {
    BRINK_HOLDS(client_.finished && stream_.left() == 0, "client %zu: an end that it did not say", number_);
  } else {
    BRINK_HOLDS(stream_.take_end(text_of(body.trailers)), "client %zu: the body of request %u ends elsewhere", number_,
                body.sequence);
  }
}

// More is read only while more is wanted; what one read gives is told whole. When both ends of a tunnel were said, what
// is left of it comes unasked.
void Hearing::take_piece(std::string_view piece) {
  bool sends_no_more = client_.finished || client_.broken != 0;
  bool is_last_of_tunnel = body_->is_raw && sends_no_more && client_.end_said;
  BRINK_HOLDS(piece.empty() || is_last_of_tunnel || body_->told < layout::kBodyWindow + body_->asked,
              "client %zu: more of a body than was asked for, after %llu bytes", number_,
              static_cast<unsigned long long>(body_->told));
  body_->told += piece.size();
  if (!body_->is_raw) look_at_credit();
  bool same = body_->is_raw ? stream_.take_raw(piece) : stream_.take_body(piece);
  BRINK_HOLDS(same, "client %zu: a piece of a body that it did not send", number_);
}

void Hearing::on_gone(bool half) {
  if (given_up_) return;
  BRINK_HOLDS(!gone_ && (requests_ > 0 || refused_), "client %zu: it is told to be gone again, or without having come",
              number_);
  BRINK_HOLDS(!half || (client_.finished && !half_gone_), "client %zu: half gone, and is not, or is again", number_);
  (half ? half_gone_ : gone_) = true;
}

// Before the first request the client has sent a whole header, if any; it counts for all of them.
void Hearing::check_announcement(const ToldRequest& request) {
  http::ProxyHeader header;
  if (may_announce_) header = http::read_proxy_header({client_.sent.data(), client_.sent.size()});
  bool is_complete = header.state == http::ProxyHeader::State::complete;
  BRINK_HOLDS(!may_announce_ || is_complete || header.state == http::ProxyHeader::State::absent,
              "client %zu: a request before its header", number_);
  BRINK_HOLDS(request.is_announced == header.has_client, "client %zu: announced, or is not", number_);
  BRINK_HOLDS(request.is_unknown == (is_complete && !header.has_client), "client %zu: unknown, or is not", number_);
  bool is_named = header.client.port == request.named.port && header.client.is_ipv4 == request.named.is_ipv4 &&
                  std::memcmp(header.client.bytes, request.named.bytes, sizeof header.client.bytes) == 0;
  BRINK_HOLDS(!request.is_announced || is_named, "client %zu: announced under another address", number_);
  if (request.sequence == 0 && is_complete) stream_.skip(header.size);
}

void Hearing::asks_for_more(uint32_t sequence, uint64_t bytes, bool declines) {
  if (declines && offer_ == sequence) offer_.reset();
  if (!body_ || body_->sequence != sequence || body_->over) return;
  if (std::exchange(body_->expects_continue, false)) continues_due_++;
  body_->asked += bytes;
  look_at_credit();
}

void Hearing::takes_over(uint32_t sequence) {
  offer_.reset();
  if (body_ && body_->is_held) stream_.leave_body();
  body_.emplace();
  body_->sequence = sequence;
  body_->is_raw = true;
}

}  // namespace brink::fuzz
