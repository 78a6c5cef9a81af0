#include "http/head_parser.h"

#include "http/field_lines.h"
#include "http/request_line.h"
#include "http/request_rules.h"

namespace brink::http {

Refusal parse_head(net::Slice bytes, const Limits& limits, RequestHead& head) {
  constexpr size_t kEmptyLineBytes = 4;  // with the end of the line before it
  head.clear();
  RequestLine line;
  Refusal refusal = line.read(bytes, limits);
  if (refusal != Refusal::none) return refusal;
  if (bytes.size > limits.header_bytes + kEmptyLineBytes) return Refusal::HEADER_TOO_LARGE;
  head.method = line.method();
  head.method_name = line.method_name();
  head.target = line.target();
  head.http_1_0 = line.http_1_0();
  net::Slice lines = {bytes.data + line.size(), bytes.size - line.size()};
  refusal = read_field_lines(bytes.data, lines, limits, head);
  if (refusal == Refusal::none) refusal = judge_head(bytes.data, limits, head);
  if (refusal == Refusal::none && head.content_length > limits.body_bytes) refusal = Refusal::BODY_TOO_LARGE;
  return refusal;
}

}  // namespace brink::http
