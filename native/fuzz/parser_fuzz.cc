// The request parser, all of its parts together: the same bytes whole, and cut into pieces with pauses between
// requests, give the same requests and the same end; and so they do where the same head, or one with another target,
// came before. Each piece lies in memory of exactly its size, so that AddressSanitizer sees who reads on.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/parsing.h"
#include "http/proxy_header.h"
#include "http/request_parser.h"

namespace brink::fuzz {
namespace {

// A request as it was handed on, head first and then as its body came.
struct Heard {
  std::string head;
  std::string body;
  std::string trailers;
  bool complete = false;

  bool operator==(const Heard& other) const {
    return head == other.head && body == other.body && trailers == other.trailers && complete == other.complete;
  }
  std::string text() const { return head + '\n' + body + '\n' + trailers + (complete ? "" : "(incomplete)"); }
};

// All that a head says, as text.
std::string told(const http::Request& request) {
  const http::RequestHead& head = request.head;
  const char* bytes = request.head_bytes.data;
  auto text = [&](http::Span span) {
    BRINK_HOLDS(span.offset + span.length <= request.head_bytes.size, "a span outside the head");
    return std::string(bytes + span.offset, span.length);
  };
  std::string all = std::to_string(head.method) + ' ' + text(head.method_name) + ' ' + text(head.target) + '\n';
  all += std::to_string(head.http_1_0) + std::to_string(head.keep_alive) + std::to_string(head.chunked) +
         std::to_string(head.expects_continue) + '\n';
  for (const http::Field& field : head.fields) all += text(field.name) + '=' + text(field.value) + '\n';
  return all;
}

// Its parsing so far: what was found, and how it stands.
class Reading : private http::RequestSink {
 public:
  // `pauses` has a bit for each request, in turn, behind which no more can be taken for now.
  Reading(const http::Limits& limits, http::ParserScratch& scratch, uint8_t pauses = 0)
      : parser_(limits), scratch_(scratch), pauses_(pauses) {}

  void feed(const char* bytes, size_t size) {
    parse(bytes, size);
    while (refusal_ == http::Refusal::none && !is_over_ && parser_.has_unread()) parse(nullptr, 0);
  }

  const std::vector<Heard>& requests() const { return requests_; }
  // Where it was refused, what came of the last one's body before depends on the pieces, and so does whether its head
  // was handed on.
  size_t comparable() const {
    bool last_counts = requests_.empty() || requests_.back().complete || refusal_ == http::Refusal::none;
    return requests_.size() - (last_counts ? 0 : 1);
  }
  http::Refusal refusal() const { return refusal_; }
  bool in_message() const { return parser_.in_message(); }
  bool in_body() const { return parser_.in_body(); }

 private:
  void parse(const char* bytes, size_t size) {
    if (refusal_ != http::Refusal::none || is_over_) return;
    size_t kept = parser_.kept_bytes();
    std::unique_ptr<char[]> piece(new char[kept + size]);
    parser_.restore(piece.get());
    if (size > 0) std::memcpy(piece.get() + kept, bytes, size);
    refusal_ = parser_.parse(piece.get() + kept, size, scratch_, *this);
  }

  bool on_request(const http::Request& request) override {
    BRINK_HOLDS(requests_.empty() || requests_.back().complete, "a request within another's body");
    requests_.push_back({told(request), text_of(request.body), text_of(request.trailers), request.complete});
    keep_alive_ = request.head.keep_alive;
    return goes_on();
  }

  bool on_body(net::Slice bytes, net::Slice trailers, bool is_last) override {
    BRINK_HOLDS(!requests_.empty() && !requests_.back().complete, "a body that is nobody's");
    BRINK_HOLDS(is_last || (bytes.size > 0 && trailers.size == 0), "a piece of a body that is none");
    requests_.back().body += text_of(bytes);
    requests_.back().trailers += text_of(trailers);
    requests_.back().complete = is_last;
    return goes_on();
  }

  // As in the reactor, nothing is taken behind the connection's last request.
  bool goes_on() {
    is_over_ = !keep_alive_ && requests_.back().complete;
    return !is_over_ && ((pauses_ >> (requests_.size() % 8)) & 1) == 0;
  }

  http::RequestParser parser_;
  http::ParserScratch& scratch_;
  uint8_t pauses_;
  std::vector<Heard> requests_;
  http::Refusal refusal_ = http::Refusal::none;
  bool keep_alive_ = true;
  bool is_over_ = false;
};

// The bytes around chunks are counted where a body arrives in pieces only: in one piece they cost nothing.
bool is_about_overhead(const Reading& reading) { return reading.refusal() == http::Refusal::CHUNK_OVERHEAD_TOO_LARGE; }

void compare(const Reading& whole, const Reading& pieces) {
  if (is_about_overhead(whole) || is_about_overhead(pieces)) return;
  const char* code = code_of(whole.refusal());
  const char* other_code = code_of(pieces.refusal());
  size_t same = std::min(whole.comparable(), pieces.comparable());
  for (size_t i = 0; i < same; i++) {
    BRINK_HOLDS(whole.requests()[i] == pieces.requests()[i], "request %zu, whole:\n%s\nand in pieces:\n%s", i,
                whole.requests()[i].text().c_str(), pieces.requests()[i].text().c_str());
  }
  BRINK_HOLDS(whole.comparable() == pieces.comparable(), "%zu requests whole, %zu in pieces (%s, %s)",
              whole.comparable(), pieces.comparable(), code, other_code);
  BRINK_HOLDS(same_kind(whole.refusal(), pieces.refusal()), "refused as '%s' whole, as '%s' in pieces", code,
              other_code);
  BRINK_HOLDS(whole.in_message() == pieces.in_message() && whole.in_body() == pieces.in_body(),
              "in the middle of something whole, or in pieces, but not both");
}

void feed_afresh(const http::Limits& limits, http::ParserScratch& scratch, const std::string& bytes) {
  Reading(limits, scratch).feed(bytes.data(), bytes.size());
}

// On connections after others that sent the same fields with another target, and then all the same.
void compare_remembered(const http::Limits& limits, const Reading& whole, const std::string& bytes) {
  constexpr int kTimesUntilKept = 2;
  http::ParserScratch scratch;
  size_t line_end = bytes.find('\n');
  if (line_end != std::string::npos) {
    std::string other = "GET /w HTTP/1.1\r\n" + bytes.substr(line_end + 1);
    for (int times = 0; times < kTimesUntilKept; times++) feed_afresh(limits, scratch, other);
  }
  for (int times = 0; times <= kTimesUntilKept; times++) {
    Reading remembered(limits, scratch);
    remembered.feed(bytes.data(), bytes.size());
    compare(whole, remembered);
  }
}

// The same bytes as a header of the PROXY protocol. What fewer of them decide, more do not change.
void read_announcement(const std::string& bytes) {
  using State = http::ProxyHeader::State;
  State decided = State::incomplete;
  size_t size = 0;
  for (size_t length = 0; length <= std::min(bytes.size(), http::kMostProxyHeaderBytes + 1); length++) {
    std::unique_ptr<char[]> some = exactly(bytes.data(), length);
    http::ProxyHeader header = http::read_proxy_header({some.get(), length});
    if (decided != State::incomplete) {
      BRINK_HOLDS(header.state == decided && header.size == size, "%zu bytes change what fewer have decided", length);
      continue;
    }
    decided = header.state;
    size = header.size;
    bool is_complete = decided == State::complete;
    BRINK_HOLDS(size == (is_complete ? length : 0), "a header of %zu bytes, complete after %zu", size, length);
    BRINK_HOLDS(is_complete || !header.has_client, "a client of no header");
    BRINK_HOLDS(decided != State::incomplete || length < http::kMostProxyHeaderBytes, "a header without end");
    // What decides is looked at with little behind it.
    if (decided != State::incomplete && length + 8 < bytes.size()) return;
  }
}

}  // namespace
}  // namespace brink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brink::fuzz;
  Script script(data, size);
  brink::http::Limits limits = read_limits(script);
  uint8_t pauses = script.byte();
  std::string pattern = read_pattern(script), bytes = read_rest(script);
  brink::http::ParserScratch scratch, scratch_of_pieces;
  Reading whole(limits, scratch), pieces(limits, scratch_of_pieces, pauses);
  whole.feed(bytes.data(), bytes.size());
  in_pieces(bytes, pattern, [&](const char* piece, size_t length) { pieces.feed(piece, length); });
  bool may_be_too_much = bytes.size() > limits.chunk_overhead_bytes;
  BRINK_HOLDS(may_be_too_much || !is_about_overhead(pieces), "more overhead than there are bytes");
  compare(whole, pieces);
  compare_remembered(limits, whole, bytes);
  read_announcement(bytes);
  return 0;
}
