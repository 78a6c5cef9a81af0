// Heads by themselves. HeadBytes finds the same ones in the same bytes, whole and in pieces. What parse_head makes of
// one depends on its bytes alone, agrees with its lines as they are split by hand, and is taken by llhttp, too.
#include <string>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/parsing.h"
#include "http/head_bytes.h"
#include "http/head_parser.h"
#include "llhttp.h"

namespace brink::fuzz {
namespace {

// Heads that follow each other, as if none had a body.
class Finding {
 public:
  explicit Finding(const http::Limits& limits) : limits_(limits) {}

  void feed(const char* bytes, size_t size) {
    std::unique_ptr<char[]> piece = exactly(bytes, size);
    const char* at = piece.get();
    while (at < piece.get() + size && refusal_ == http::Refusal::none) {
      net::Slice head;
      refusal_ = head_.take(&at, piece.get() + size, limits_, &head);
      if (refusal_ == http::Refusal::none && head.size > 0) take(head);
    }
  }

  const std::vector<std::string>& heads() const { return heads_; }
  http::Refusal refusal() const { return refusal_; }
  bool has_begun() const { return head_.has_begun(); }

 private:
  void take(net::Slice head) {
    heads_.push_back(text_of(head));
    head_.release();
    http::RequestHead said;
    std::unique_ptr<char[]> copy = exactly(heads_.back().data(), heads_.back().size());
    refusal_ = http::parse_head({copy.get(), heads_.back().size()}, limits_, said);
  }

  const http::Limits& limits_;
  http::HeadBytes head_;
  std::vector<std::string> heads_;
  http::Refusal refusal_ = http::Refusal::none;
};

void compare(const Finding& whole, const Finding& pieces) {
  // A head that is refused before it is complete is none that was found.
  size_t refused = whole.refusal() != http::Refusal::none ? 1 : 0;
  BRINK_HOLDS(same_kind(whole.refusal(), pieces.refusal()), "refused as '%s' whole, as '%s' in pieces",
              code_of(whole.refusal()), code_of(pieces.refusal()));
  size_t same = whole.heads().size() - std::min(refused, whole.heads().size());
  BRINK_HOLDS(pieces.heads().size() >= same && pieces.heads().size() <= whole.heads().size() + refused,
              "%zu heads whole, %zu in pieces", whole.heads().size(), pieces.heads().size());
  for (size_t i = 0; i < same; i++) {
    BRINK_HOLDS(whole.heads()[i] == pieces.heads()[i], "head %zu, whole:\n%s\nand in pieces:\n%s", i,
                whole.heads()[i].c_str(), pieces.heads()[i].c_str());
  }
  bool is_refused = refused > 0;
  BRINK_HOLDS(is_refused || whole.has_begun() == pieces.has_begun(), "within a head whole, or in pieces, but not both");
}

// The head's lines, taken apart as plainly as can be.
void compare_with_lines(const std::string& bytes, const http::RequestHead& head) {
  auto text = [&](http::Span span) {
    BRINK_HOLDS(size_t{span.offset} + span.length <= bytes.size(), "a span outside the head");
    return bytes.substr(span.offset, span.length);
  };
  size_t line_end = bytes.find("\r\n");
  std::string version = head.http_1_0 ? " HTTP/1.0" : " HTTP/1.1";
  BRINK_HOLDS(bytes.substr(0, line_end) == text(head.method_name) + ' ' + text(head.target) + version,
              "another request line than was sent");
  size_t at = line_end + 2;
  for (const http::Field& field : head.fields) {
    size_t end = bytes.find("\r\n", at), colon = bytes.find(':', at);
    BRINK_HOLDS(text(field.name) == bytes.substr(at, colon - at), "another name than was sent");
    std::string value = bytes.substr(colon + 1, end - colon - 1);
    size_t first = value.find_first_not_of(" \t"), last = value.find_last_not_of(" \t");
    value = first == value.npos ? "" : value.substr(first, last - first + 1);
    BRINK_HOLDS(text(field.value) == value, "the value '%s' for '%s'", text(field.value).c_str(), value.c_str());
    at = end + 2;
  }
  BRINK_HOLDS(at + 2 == bytes.size(), "%zu fields, and more lines", head.fields.size());
}

int pause(llhttp_t*) { return HPE_PAUSED; }

// It is stricter than llhttp, and never laxer: but for methods, which llhttp has its own list of.
void compare_with_llhttp(const std::string& bytes, const http::RequestHead& head) {
  if (head.method == http::kUnknownMethod || head.method == HTTP_CONNECT) return;
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_headers_complete = pause;
  llhttp_t llhttp;
  llhttp_init(&llhttp, HTTP_REQUEST, &settings);
  llhttp_errno_t error = llhttp_execute(&llhttp, bytes.data(), bytes.size());
  BRINK_HOLDS(error == HPE_PAUSED, "llhttp refuses it: %s", llhttp_errno_name(error));
  BRINK_HOLDS(llhttp.method == head.method && llhttp.http_major == 1 && (llhttp.http_minor == 0) == head.http_1_0,
              "llhttp reads another request line");
  BRINK_HOLDS(((llhttp.flags & F_CHUNKED) != 0) == head.chunked, "llhttp reads another framing");
  uint64_t length = (llhttp.flags & F_CONTENT_LENGTH) != 0 ? llhttp.content_length : 0;
  BRINK_HOLDS(length == head.content_length, "llhttp reads another length");
}

void look_at(const std::string& bytes, const http::Limits& limits) {
  // What another head has left in the memory says nothing.
  http::RequestHead one, other;
  http::parse_head({bytes.data(), bytes.size()}, {}, other);
  http::Refusal refusal = http::parse_head({bytes.data(), bytes.size()}, limits, one);
  http::Refusal again = http::parse_head({bytes.data(), bytes.size()}, limits, other);
  BRINK_HOLDS(refusal == again, "'%s' at first, and then '%s'", code_of(refusal), code_of(again));
  if (refusal != http::Refusal::none) return;
  BRINK_HOLDS(one.fields.size() == other.fields.size() && one.keep_alive == other.keep_alive &&
                  one.offers_upgrade == other.offers_upgrade && one.expects_continue == other.expects_continue,
              "one head, said in two ways");
  compare_with_lines(bytes, one);
  compare_with_llhttp(bytes, one);
}

}  // namespace
}  // namespace brink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brink::fuzz;
  Script script(data, size);
  brink::http::Limits limits = read_limits(script);
  std::string pattern = read_pattern(script), bytes = read_rest(script);
  Finding whole(limits), pieces(limits);
  whole.feed(bytes.data(), bytes.size());
  in_pieces(bytes, pattern, [&](const char* piece, size_t length) { pieces.feed(piece, length); });
  compare(whole, pieces);
  for (const std::string& head : whole.heads()) look_at(head, limits);
  return 0;
}
