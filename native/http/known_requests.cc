// The request parser's part that does not parse: requests of which the heads, or all but their targets, came before.
#include <cstring>
#include <string_view>

#include "http/characters.h"
#include "http/request_parser.h"

namespace brink::http {

// Requests without a body whose heads are known, one after the other. False when no more can be taken for now.
bool RequestParser::pass_known_heads(char** at, const char* end, ParserScratch& scratch, RequestSink& sink) {
  while (HeadMemory::Head* known = scratch.known_heads.find(*at, static_cast<size_t>(end - *at))) {
    net::Slice head = {*at, known->head.size()};
    *at += known->bytes.size();
    if (!sink.on_request({known->head, head, {nullptr, 0}, {nullptr, 0}, true, known})) return false;
  }
  HeadMemory::Fields* known = fields_known_behind_line(*at, end, scratch);
  if (!known) return true;
  net::Slice head = {*at, scratch.head.size()};
  scratch.known_heads.remember_head(*at, static_cast<size_t>(end - *at), scratch.head);
  *at += end - *at;
  return sink.on_request({scratch.head, head, {nullptr, 0}, {nullptr, 0}, true, nullptr, known});
}

// The same of a head that came in pieces, and is whole by now.
bool RequestParser::pass_known_head(net::Slice bytes, ParserScratch& scratch, RequestSink& sink, bool* takes_more) {
  HeadMemory::Head* known = scratch.known_heads.find(bytes.data, bytes.size);
  if (!known) return false;
  stage_ = Stage::between;
  *takes_more =
      sink.on_request({known->head, {bytes.data, known->head.size()}, {nullptr, 0}, {nullptr, 0}, true, known});
  head_.release();
  return true;
}

// A GET of which all but the target is known, and that ends where the bytes end. Its head is then in the scratch. What
// is not as plain as that is parsed.
HeadMemory::Fields* RequestParser::fields_known_behind_line(const char* begin, const char* end,
                                                            ParserScratch& scratch) const {
  constexpr std::string_view kMethod = "GET ", kVersion = " HTTP/1.1\r\n";
  size_t size = static_cast<size_t>(end - begin);
  if (size < kMethod.size() || size > limits_.header_bytes) return nullptr;
  const void* line_end = std::memchr(begin, '\n', size);
  if (!line_end || std::memcmp(begin, kMethod.data(), kMethod.size()) != 0) return nullptr;
  const char* fields = static_cast<const char*>(line_end) + 1;
  size_t line_size = static_cast<size_t>(fields - begin);
  if (line_size <= kMethod.size() + kVersion.size()) return nullptr;
  net::Slice target = {begin + kMethod.size(), line_size - kMethod.size() - kVersion.size()};
  if (std::memcmp(target.data + target.size, kVersion.data(), kVersion.size()) != 0) return nullptr;
  if (target.data[0] != '/' || target.size > limits_.target_bytes) return nullptr;
  HeadMemory::Fields* known = scratch.known_heads.find_fields(fields, static_cast<size_t>(end - fields));
  if (!known || !are_target_characters(target)) return nullptr;
  RequestHead& head = scratch.head;
  head.clear();
  head.method = HTTP_GET;
  head.keep_alive = known->keep_alive;
  head.traits = known->traits;
  head.method_name = {0, static_cast<uint16_t>(kMethod.size() - 1)};
  head.target = {static_cast<uint16_t>(kMethod.size()), static_cast<uint16_t>(target.size)};
  ptrdiff_t by = static_cast<ptrdiff_t>(line_size);
  for (const Field& field : known->fields) {
    head.fields.push_back({moved(field.name, by), moved(field.value, by)});
  }
  return known;
}

}  // namespace brink::http
