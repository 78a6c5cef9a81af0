#include "reactor/framing.h"

#include <charconv>

namespace brink::reactor {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

Answer::Framing framing_of(const Unanswered& unanswered, const Reply& given) {
  if (given.raw) return Answer::Framing::raw;
  if (unanswered.is_head(given.sequence) || http::status_has_no_content(given.status)) return Answer::Framing::none;
  if (!given.streams || given.sized) return Answer::Framing::length;
  // RFC 9112, 6.1: an HTTP/1.0 client knows nothing of chunks.
  return unanswered.is_http_1_0(given.sequence) ? Answer::Framing::to_the_close : Answer::Framing::chunked;
}

void frame(http::ResponseHeadWriter& heads, net::ByteBuffer& out, const Unanswered& unanswered, const Reply& given,
           const Answer& answer) {
  if (given.raw) {
    out.append(given.fields);
    return out.append(given.body);
  }
  bool is_head = unanswered.is_head(given.sequence);
  bool length_unknown = given.streams && !given.sized;
  http::ResponseHead head;
  head.status = given.status;
  head.content_type = given.content_type;
  head.fields = given.fields;
  head.content_length = given.body_length;
  // Only where no content follows may the length differ from it, or be left out.
  head.length_known = !length_unknown && (given.status != 304 || given.length_only);
  // To HEAD the length is the one that GET would be told (RFC 9110, 8.6), and an app that gives no content may not know
  // it.
  if (is_head && given.body_length == 0 && !given.length_only) head.length_known = false;
  bool is_http_1_0 = unanswered.is_http_1_0(given.sequence);
  head.chunked = length_unknown && !is_http_1_0 && !http::status_has_no_content(given.status);
  head.dated = given.dated;
  head.close = answer.close;
  if (given.length_only && !is_head && given.status != 304) head.content_length = 0;
  // A 205 says that it has none (RFC 9110, 15.3.6); a 204 has neither length nor type.
  if (given.status == 204 || given.status == 205) {
    head.content_length = head.content_type = 0;
    head.length_known = true;
  }
  heads.write(out, head);
  if (answer.framing != Answer::Framing::none) out.append(given.body);
}

void begin_chunk(net::ByteBuffer& out, uint64_t size) {
  char* at = out.room(20);
  at = std::to_chars(at, at + 16, size, 16).ptr;
  *at++ = '\r';
  *at++ = '\n';
  out.added(at);
}

void end_chunk(net::ByteBuffer& out) { out.append(kLineEnd); }

void end_chunks(net::ByteBuffer& out, net::Slice trailers) {
  out.append(std::string_view("0\r\n"));
  out.append(trailers);
  out.append(kLineEnd);
}

}  // namespace brink::reactor
