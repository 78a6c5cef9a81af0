#include "http/request_rules.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "http/characters.h"
#include "http/ip_literal.h"
#include "llhttp.h"

namespace brink::http {
namespace {

using net::Slice;

// RFC 9112, 3: method SP request-target SP HTTP-version, with one space each. llhttp lets more through.
bool request_line_is_exact(const char* head, const RequestHead& line) {
  const char* after_method = head + line.method_name.offset + line.method_name.length;
  const char* target = head + line.target.offset;
  const char* after_target = target + line.target.length;
  return after_method + 1 == target && *after_method == ' ' &&
         (std::memcmp(after_target, " HTTP/1.1\r\n", 11) == 0 || std::memcmp(after_target, " HTTP/1.0\r\n", 11) == 0);
}

// RFC 3986, 3.2: host and optional port. User information is not part of Host (RFC 9110, 7.2).
bool is_authority(Slice text) {
  size_t at = 0;
  if (text.size > 0 && text.data[0] == '[') {
    while (at < text.size && text.data[at] != ']') at++;
    if (at == text.size || !is_ip_literal({text.data + 1, at - 1})) return false;
    at++;
  } else {
    for (; at < text.size && text.data[at] != ':'; at++) {
      char c = text.data[at];
      if (!is_host_character(c)) return false;
      bool escape_is_whole =
          c != '%' || (text.size - at > 2 && is_hex_digit(text.data[at + 1]) && is_hex_digit(text.data[at + 2]));
      if (!escape_is_whole) return false;
    }
    if (at == 0) return false;
  }
  if (at == text.size) return true;
  if (text.data[at++] != ':') return false;
  return text.size - at <= 5 && std::all_of(text.data + at, text.data + text.size, is_digit);
}

// The authority of an absolute-form target, or nothing where the target is not in that form.
bool absolute_form_authority(Slice target, Slice* authority) {
  constexpr size_t scheme = 7;
  if (!starts_with_ignoring_case(target, "http://")) return false;
  const char* begin = target.data + scheme;
  const char* end = target.data + target.size;
  *authority = {begin,
                static_cast<size_t>(std::find_if(begin, end, [](char c) { return c == '/' || c == '?'; }) - begin)};
  return true;
}

// A list of one element, without the empty ones around it (RFC 9110, 5.6.1.2).
Slice without_empty_elements(Slice list) {
  auto says_nothing = [](char c) { return c == ',' || c == ' ' || c == '\t'; };
  while (list.size > 0 && says_nothing(list.data[0])) list = {list.data + 1, list.size - 1};
  while (list.size > 0 && says_nothing(list.data[list.size - 1])) list.size--;
  return list;
}

bool is_known_coding(Slice coding) {
  constexpr std::string_view kKnown[] = {"gzip",    "x-gzip",   "compress", "x-compress",
                                         "deflate", "identity", "br",       "zstd"};
  return std::any_of(std::begin(kKnown), std::end(kKnown),
                     [&](std::string_view known) { return equal_ignoring_case(coding, known); });
}

// Codings that exist but that we do not speak, and then `chunked`: what 501 is for. Without a final `chunked` nobody
// can tell where the body ends (RFC 9112, 6.3), and anything else is a disguise.
bool lists_unspoken_codings(Slice value) {
  const char* at = value.data;
  const char* end = value.data + value.size;
  size_t unspoken = 0;
  while (true) {
    const char* comma = std::find(at, end, ',');
    const char* last = comma;
    while (at < last && *at == ' ') at++;
    while (at < last && last[-1] == ' ') last--;
    Slice coding = {at, static_cast<size_t>(last - at)};
    if (comma == end) return unspoken > 0 && equal_ignoring_case(coding, "chunked");
    if (!is_known_coding(coding)) return false;
    unspoken++;
    at = comma + 1;
  }
}

// A tab around the value is white space to one server and part of the coding's name to another.
bool stands_between_tabs(Slice value) { return value.data[-1] == '\t' || value.data[value.size] == '\t'; }

Refusal judge_transfer_encoding(Slice value, bool http_1_0, bool repeated, bool announces_length) {
  if (http_1_0) return Refusal::TRANSFER_ENCODING_IN_HTTP_1_0;
  if (repeated) return Refusal::REPEATED_TRANSFER_ENCODING;
  if (announces_length) return Refusal::LENGTH_AND_TRANSFER_ENCODING;
  if (lists_unspoken_codings(value)) return Refusal::UNKNOWN_TRANSFER_CODING;
  bool exact = equal_ignoring_case(value, "chunked") && !stands_between_tabs(value);
  return exact ? Refusal::none : Refusal::INVALID_TRANSFER_ENCODING;
}

// http://a:80/, http://a:/ and Host: a are the same place (RFC 9110, 4.2.3).
Slice without_default_port(Slice authority) {
  for (const std::string_view port : {":80", ":"}) {
    const std::string_view text{authority.data, authority.size};
    if (text.size() > port.size() && text.substr(text.size() - port.size()) == port)
      return {authority.data, authority.size - port.size()};
  }
  return authority;
}

Refusal judge_target(Slice target, const RequestHead& head, Slice host) {
  if (!are_target_characters(target)) return Refusal::INVALID_TARGET;
  if (head.method == HTTP_CONNECT) return is_authority(target) ? Refusal::none : Refusal::INVALID_TARGET;
  if (target.size > 0 && target.data[0] == '/') return Refusal::none;
  if (target.size == 1 && target.data[0] == '*') {
    return head.method == HTTP_OPTIONS ? Refusal::none : Refusal::INVALID_TARGET;
  }
  // RFC 9110, 7.4: this connection is not secured, so nothing that belongs to `https` can be had on it.
  if (starts_with_ignoring_case(target, "https://")) return Refusal::INSECURE_SCHEME;
  Slice authority;
  if (!absolute_form_authority(target, &authority) || !is_authority(authority)) return Refusal::INVALID_TARGET;
  // RFC 9112, 3.2.2 lets the target win over Host; a sender that says two things is refused instead.
  if (host.data && !equal_ignoring_case(without_default_port(authority), without_default_port(host)))
    return Refusal::HOST_MISMATCH;
  return Refusal::none;
}

}  // namespace

Refusal judge_head(const char* bytes, RequestHead& head, bool announces_length) {
  if (!request_line_is_exact(bytes, head)) return Refusal::INVALID_REQUEST_LINE;
  Slice host = {nullptr, 0};
  bool has_transfer_encoding = false;
  for (const Field& field : head.fields) {
    Slice name = slice_of(bytes, field.name), value = slice_of(bytes, field.value);
    if (name.size == 0) return Refusal::INVALID_FIELD;
    switch (name.size) {
      case 4:
        if (!equal_ignoring_case(name, "host")) break;
        // RFC 9112, 3.2: exactly one, and a valid one.
        if (host.data) return Refusal::REPEATED_HOST;
        if (!is_authority(value)) return Refusal::INVALID_HOST;
        host = value;
        break;
      case 6:
        if (!equal_ignoring_case(name, "expect")) break;
        // RFC 9110, 10.1.1: the only expectation there is. It is a list, and empty elements say nothing.
        value = without_empty_elements(value);
        if (value.size == 0) break;
        if (!equal_ignoring_case(value, "100-continue")) return Refusal::UNKNOWN_EXPECTATION;
        // A server ignores it from an HTTP/1.0 client, and where there is no body to wait for.
        head.expects_continue = !head.http_1_0 && head.has_body();
        break;
      case 14:
        if (!equal_ignoring_case(name, "content-length")) break;
        // RFC 9112, 6.3: digits only, one value, within what 64 bits hold.
        if (value.size == 0 || value.size > 19 || !std::all_of(value.data, value.data + value.size, is_digit)) {
          return Refusal::INVALID_CONTENT_LENGTH;
        }
        break;
      case 17:
        if (!equal_ignoring_case(name, "transfer-encoding")) break;
        // RFC 9112, 6.1: we speak chunked, once, and nothing else; a list or a parameter could be read differently.
        if (Refusal refusal = judge_transfer_encoding(value, head.http_1_0, has_transfer_encoding, announces_length);
            refusal != Refusal::none) {
          return refusal;
        }
        has_transfer_encoding = true;
        break;
      default:
        break;
    }
  }
  if (!host.data && !head.http_1_0) return Refusal::MISSING_HOST;
  return judge_target(slice_of(bytes, head.target), head, host);
}

Refusal judge_framing(const char* bytes, const RequestHead& head, bool http_1_0) {
  size_t lengths = 0, encodings = 0;
  for (const Field& field : head.fields) {
    Slice name = slice_of(bytes, field.name);
    lengths += equal_ignoring_case(name, "content-length");
    encodings += equal_ignoring_case(name, "transfer-encoding");
  }
  if (encodings == 0) return Refusal::INVALID_CONTENT_LENGTH;
  if (http_1_0) return Refusal::TRANSFER_ENCODING_IN_HTTP_1_0;
  if (encodings > 1) return Refusal::REPEATED_TRANSFER_ENCODING;
  return lengths > 0 ? Refusal::LENGTH_AND_TRANSFER_ENCODING : Refusal::INVALID_TRANSFER_ENCODING;
}

MethodShape shape_of_method(Slice line, size_t* length) {
  // RFC 9112, 3: a method longer than any that is implemented is one that is not implemented.
  constexpr size_t kMostMethodBytes = 32;
  size_t at = 0;
  while (at < line.size && is_token_character(line.data[at]) && !(line.data[at] >= 'a' && line.data[at] <= 'z')) at++;
  *length = at;
  if (at > kMostMethodBytes) return MethodShape::too_long;
  if (at == line.size) return MethodShape::incomplete;
  return at > 0 && line.data[at] == ' ' ? MethodShape::well_formed : MethodShape::malformed;
}

Refusal judge_version(const char* after_target, const char* end) {
  size_t size = static_cast<size_t>(end - after_target);
  bool named = size >= 9 && std::memcmp(after_target, " HTTP/", 6) == 0 && is_digit(after_target[6]) &&
               after_target[7] == '.' && is_digit(after_target[8]) && (size == 9 || after_target[9] == '\r');
  return named ? Refusal::UNSUPPORTED_VERSION : Refusal::INVALID_VERSION;
}

bool are_empty_lines(const char* begin, const char* end, bool lf_may_begin, bool* cr_waits) {
  const char* at = end;
  while (at > begin && (at[-1] == '\r' || at[-1] == '\n')) at--;
  bool waits = at == begin && *cr_waits, lf_may_come = at == begin && lf_may_begin;
  for (; at < end; at++) {
    bool is_cr = *at == '\r';
    if (is_cr ? waits : !waits && !lf_may_come) return false;
    waits = is_cr;
    lf_may_come = false;
  }
  *cr_waits = waits;
  return true;
}

}  // namespace brink::http
