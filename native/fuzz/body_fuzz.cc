// Bodies by themselves: the same content, trailers and end whole and in pieces; and what is taken as chunks, llhttp
// takes in the same way.
#include <string>

#include "fuzz/check.h"
#include "fuzz/parsing.h"
#include "http/body_decoder.h"
#include "llhttp.h"

namespace brink::fuzz {
namespace {

class Decoding {
 public:
  Decoding(const http::RequestHead& head, const http::Limits& limits) : body_(head), limits_(limits) {}

  void feed(const char* bytes, size_t size) {
    if (refusal_ != http::Refusal::none || body_.is_complete()) return;
    std::unique_ptr<char[]> piece = exactly(bytes, size);
    char* at = piece.get();
    net::Slice content = {nullptr, 0};
    refusal_ = body_.decode(&at, piece.get() + size, limits_, &content);
    taken_ += static_cast<size_t>(at - piece.get());
    if (refusal_ != http::Refusal::none) return;
    BRINK_HOLDS(body_.is_complete() || at == piece.get() + size, "bytes that nobody has taken");
    content_.append(content.data, content.size);
    uint64_t left;
    BRINK_HOLDS(!body_.is_complete() || (body_.knows_left(&left) && left == 0), "complete, with something left");
  }

  bool is_complete() const { return body_.is_complete() && refusal_ == http::Refusal::none; }
  http::Refusal refusal() const { return refusal_; }
  size_t taken() const { return taken_; }
  const std::string& content() const { return content_; }
  std::string trailers() const { return text_of(body_.trailers()); }

 private:
  http::BodyDecoder body_;
  const http::Limits& limits_;
  http::Refusal refusal_ = http::Refusal::none;
  size_t taken_ = 0;
  std::string content_;
};

// The bytes around chunks are counted where a body arrives in pieces only: in one piece they cost nothing.
bool is_about_overhead(const Decoding& body) { return body.refusal() == http::Refusal::CHUNK_OVERHEAD_TOO_LARGE; }

void compare(const Decoding& whole, const Decoding& pieces) {
  if (is_about_overhead(whole) || is_about_overhead(pieces)) return;
  BRINK_HOLDS(whole.refusal() == pieces.refusal(), "refused as '%s' whole, as '%s' in pieces", code_of(whole.refusal()),
              code_of(pieces.refusal()));
  if (whole.refusal() != http::Refusal::none) return;
  BRINK_HOLDS(whole.is_complete() == pieces.is_complete() && whole.taken() == pieces.taken(),
              "%zu bytes whole, %zu in pieces", whole.taken(), pieces.taken());
  BRINK_HOLDS(whole.content() == pieces.content(), "'%s' whole, '%s' in pieces", whole.content().c_str(),
              pieces.content().c_str());
  BRINK_HOLDS(whole.trailers() == pieces.trailers(), "other trailers in pieces");
}

struct LlhttpBody {
  std::string content;
  bool is_complete = false;
};

int on_body(llhttp_t* llhttp, const char* at, size_t length) {
  static_cast<LlhttpBody*>(llhttp->data)->content.append(at, length);
  return 0;
}

int on_complete(llhttp_t* llhttp) {
  static_cast<LlhttpBody*>(llhttp->data)->is_complete = true;
  return HPE_PAUSED;
}

// It is stricter than llhttp about extensions and trailers, and has limits; it is never laxer.
void compare_with_llhttp(const std::string& bytes, const Decoding& ours) {
  if (ours.refusal() != http::Refusal::none) return;
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_body = on_body;
  settings.on_message_complete = on_complete;
  llhttp_t llhttp;
  llhttp_init(&llhttp, HTTP_REQUEST, &settings);
  LlhttpBody theirs;
  llhttp.data = &theirs;
  llhttp_execute(&llhttp, head.data(), head.size());
  llhttp_errno_t error = llhttp_execute(&llhttp, bytes.data(), bytes.size());
  bool refuses = error != HPE_OK && error != HPE_PAUSED;
  BRINK_HOLDS(!refuses, "llhttp refuses what is taken: %s", llhttp_errno_name(error));
  BRINK_HOLDS(theirs.is_complete == ours.is_complete(), "complete, or not, for llhttp alone");
  BRINK_HOLDS(theirs.content == ours.content(), "'%s', but llhttp finds '%s'", ours.content().c_str(),
              theirs.content.c_str());
  if (!ours.is_complete()) return;
  size_t end = static_cast<size_t>(llhttp_get_error_pos(&llhttp) - bytes.data());
  BRINK_HOLDS(end == ours.taken(), "it ends after %zu bytes, for llhttp after %zu", ours.taken(), end);
}

}  // namespace
}  // namespace brink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brink::fuzz;
  Script script(data, size);
  brink::http::Limits limits = read_limits(script);
  brink::http::RequestHead head;
  head.content_length = script.byte();
  head.chunked = head.content_length == 0;
  std::string pattern = read_pattern(script), bytes = read_rest(script);
  Decoding whole(head, limits), pieces(head, limits);
  whole.feed(bytes.data(), bytes.size());
  in_pieces(bytes, pattern, [&](const char* piece, size_t length) { pieces.feed(piece, length); });
  compare(whole, pieces);
  if (head.chunked) compare_with_llhttp(bytes, whole);
  return 0;
}
