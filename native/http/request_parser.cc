#include "http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "http/head_parser.h"

namespace brink::http {
namespace {

using net::Slice;

bool begins_as_head(Slice bytes) {
  constexpr std::string_view kHead = "HEAD ";
  return bytes.size >= kHead.size() && std::memcmp(bytes.data, kHead.data(), kHead.size()) == 0;
}

// Up to the end of the last field.
Slice without_line_ends(Slice bytes, const RequestHead& head) { return {bytes.data, head.size()}; }

// What each idle connection pays for.
static_assert(sizeof(RequestParser) <= 64);

}  // namespace

void RequestParser::restore(char* into) const {
  if (unread_) std::memcpy(into, unread_->data(), unread_->size());
}

void RequestParser::leave_http() {
  Slice kept = head_.kept();
  if (kept.size > 0 && !unread_) keep_unread(kept.data, kept.data + kept.size);
  head_.release();
  body_.reset();
  stage_ = Stage::between;
  continue_wanted_ = false;
}

bool RequestParser::take_continue_wanted() { return std::exchange(continue_wanted_, false); }

bool RequestParser::knows_body_left(uint64_t* left) const {
  *left = 0;
  return !body_ || body_->knows_left(left);
}

bool RequestParser::asks_for_head() const { return refused_head_ || begins_as_head(head_.kept()); }

Refusal RequestParser::parse(char* bytes, size_t size, ParserScratch& scratch, RequestSink& sink) {
  char* at = bytes - kept_bytes();
  char* end = bytes + size;
  unread_.reset();
  bool takes_more = true;
  while (at < end && takes_more) {
    Refusal refusal =
        body_ ? take_body(&at, end, sink, &takes_more) : take_request(&at, end, scratch, sink, &takes_more);
    if (refusal != Refusal::none) return refusal;
  }
  keep_unread(at, end);
  return Refusal::none;
}

Refusal RequestParser::take_request(char** at, char* end, ParserScratch& scratch, RequestSink& sink, bool* takes_more) {
  if (stage_ == Stage::between && !head_.waits_for_lf()) {
    *takes_more = pass_known_heads(at, end, scratch, sink);
    if (!*takes_more || *at == end) return Refusal::none;
  }
  Slice bytes;
  const char* head_end = *at;
  Refusal refusal = head_.take(&head_end, end, limits_, &bytes);
  *at += head_end - *at;
  if (refusal != Refusal::none) return refuse_head(refusal, bytes, scratch);
  stage_ = head_.has_begun() ? Stage::head : Stage::between;
  if (bytes.size == 0) return Refusal::none;
  // Of one that came whole it is known that it is not.
  if (head_.has_begun() && pass_known_head(bytes, scratch, sink, takes_more)) return Refusal::none;
  RequestHead& head = scratch.head;
  refusal = parse_head(bytes, limits_, head);
  if (refusal != Refusal::none) return refuse_head(refusal, bytes, scratch);
  Slice head_bytes = without_line_ends(bytes, head);
  if (head.has_body()) {
    refusal = begin_body(at, end, head_bytes, scratch, sink, takes_more);
  } else {
    // What the bytes of the head alone decide, and nothing before or behind it.
    bool is_absolute = bytes.data[head.target.offset] != '/';  // and judged by whether its connection has TLS
    bool is_worth_remembering = !head.offers_upgrade && head.method != kUnknownMethod && !is_absolute;
    if (is_worth_remembering) scratch.known_heads.remember(bytes.data, bytes.size, head);
    stage_ = Stage::between;
    *takes_more = sink.on_request({head, head_bytes, {nullptr, 0}, {nullptr, 0}, true});
  }
  head_.release();
  return refusal;
}

// Most bodies come with their heads: those need no memory of their own.
Refusal RequestParser::begin_body(char** at, char* end, Slice head_bytes, ParserScratch& scratch, RequestSink& sink,
                                  bool* takes_more) {
  const RequestHead& head = scratch.head;
  BodyDecoder body(head);
  bool waits = head.expects_continue && !limits_.left_to_app.expectations;
  if (head.offers_upgrade) {
    // It may be the first of the other protocol: that is for the app to say.
    stage_ = Stage::body;
    continue_wanted_ = waits;
    sink.on_request({head, head_bytes, {nullptr, 0}, {nullptr, 0}, false});
    body_ = std::make_unique<BodyDecoder>(std::move(body));
    *takes_more = false;
    return Refusal::none;
  }
  Slice content;
  Refusal refusal = body.decode(at, end, limits_, &content);
  if (refusal != Refusal::none) return refuse_head(refusal, head_bytes, scratch);
  bool is_complete = body.is_complete();
  stage_ = is_complete ? Stage::between : Stage::body;
  continue_wanted_ = waits && !is_complete && content.size == 0;
  bool goes_on = sink.on_request({head, head_bytes, content, body.trailers(), is_complete});
  if (is_complete) {
    *takes_more = goes_on;
  } else {
    body_ = std::make_unique<BodyDecoder>(std::move(body));
  }
  return Refusal::none;
}

Refusal RequestParser::take_body(char** at, char* end, RequestSink& sink, bool* takes_more) {
  Slice content;
  Refusal refusal = body_->decode(at, end, limits_, &content);
  if (refusal != Refusal::none) return refuse(refusal, {nullptr, 0});
  if (content.size > 0 || body_->is_complete()) continue_wanted_ = false;
  if (!body_->is_complete()) {
    if (content.size > 0) sink.on_body(content, {nullptr, 0}, false);
    return Refusal::none;
  }
  std::unique_ptr<BodyDecoder> body = std::move(body_);
  stage_ = Stage::between;
  *takes_more = sink.on_body(content, body->trailers(), true);
  return Refusal::none;
}

Refusal RequestParser::refuse_head(Refusal refusal, Slice head_bytes, ParserScratch& scratch) {
  constexpr size_t kMostKept = 2048;
  scratch.refused.assign(head_bytes.size > 0 ? head_bytes.data : "", std::min(head_bytes.size, kMostKept));
  return refuse(refusal, head_bytes);
}

// Nothing is read of this connection any more.
Refusal RequestParser::refuse(Refusal refusal, Slice head_bytes) {
  refused_head_ = begins_as_head(head_bytes);
  stage_ = Stage::refused;
  continue_wanted_ = false;
  head_.release();
  body_.reset();
  return refusal;
}

void RequestParser::keep_unread(const char* begin, const char* end) {
  if (begin < end) unread_ = std::make_unique<std::vector<char>>(begin, end);
}

}  // namespace brink::http
