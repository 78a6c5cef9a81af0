#include "http/request_rules.h"

#include <algorithm>
#include <string_view>

#include "http/authority.h"
#include "http/characters.h"
#include "http/field_list.h"

namespace brink::http {
namespace {

using net::Slice;

// The authority of an absolute-form target, or nothing where the target is not in that form.
bool absolute_form_authority(Slice target, std::string_view scheme, Slice* authority) {
  if (!starts_with_ignoring_case(target, scheme)) return false;
  const char* begin = target.data + scheme.size();
  const char* end = target.data + target.size;
  *authority = {begin,
                static_cast<size_t>(std::find_if(begin, end, [](char c) { return c == '/' || c == '?'; }) - begin)};
  return true;
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
    Slice coding = trimmed({at, static_cast<size_t>(comma - at)});
    if (comma == end) return unspoken > 0 && equal_ignoring_case(coding, "chunked");
    if (!is_known_coding(coding)) return false;
    unspoken++;
    at = comma + 1;
  }
}

// A tab around the value is white space to one server and part of the coding's name to another.
bool stands_between_tabs(Slice value) { return value.data[-1] == '\t' || value.data[value.size] == '\t'; }

// RFC 9112, 6.1: we speak chunked, once, and nothing else; a list or a parameter could be read differently.
Refusal judge_transfer_encoding(Slice value, const RequestHead& head) {
  if (head.http_1_0) return Refusal::TRANSFER_ENCODING_IN_HTTP_1_0;
  if (head.chunked) return Refusal::REPEATED_TRANSFER_ENCODING;
  if (lists_unspoken_codings(value)) return Refusal::UNKNOWN_TRANSFER_CODING;
  bool exact = equal_ignoring_case(value, "chunked") && !stands_between_tabs(value);
  return exact ? Refusal::none : Refusal::INVALID_TRANSFER_ENCODING;
}

// RFC 9112, 6.3: digits only, within what 64 bits hold.
bool read_length(Slice value, uint64_t* length) {
  constexpr size_t kMostDigits = 19;
  if (value.size == 0 || value.size > kMostDigits || !std::all_of(value.data, value.data + value.size, is_digit)) {
    return false;
  }
  *length = 0;
  for (const char* at = value.data; at < value.data + value.size; at++) {
    *length = *length * 10 + static_cast<uint64_t>(*at - '0');
  }
  return true;
}

// RFC 9112, 9.3 and 9.6, and RFC 9110, 7.8. Nothing else speaks of the connection: not Proxy-Connection, which some
// proxies of HTTP/1.0 pass on without knowing it (RFC 9112, C.2.2), and which llhttp takes for Connection.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;

  void read(Slice list) {
    Slice option;
    while (next_element(&list, &option)) {
      close |= equal_ignoring_case(option, "close");
      keep_alive |= equal_ignoring_case(option, "keep-alive");
      upgrade |= equal_ignoring_case(option, "upgrade");
    }
  }
};

bool names_anything(Slice list) {
  Slice element;
  return next_element(&list, &element);
}

// RFC 9110, 10.1.1: the only expectation there is, be it said more than once.
bool expects_only_continue(Slice list) {
  Slice expectation;
  while (next_element(&list, &expectation)) {
    if (!equal_ignoring_case(expectation, "100-continue")) return false;
  }
  return true;
}

Refusal judge_target(Slice target, const RequestHead& head, Slice host, bool is_secure) {
  // RFC 9110, 9.3.6: whither the tunnel leads; without a port, or with one that none has, it is refused.
  if (head.method == HTTP_CONNECT) return is_authority_with_port(target) ? Refusal::none : Refusal::INVALID_TARGET;
  if (target.size > 0 && target.data[0] == '/') return Refusal::none;
  if (target.size == 1 && target.data[0] == '*') {
    return head.method == HTTP_OPTIONS ? Refusal::none : Refusal::INVALID_TARGET;
  }
  // RFC 9110, 7.4: on a connection that is not secured nothing can be had that belongs to `https`, nor the reverse.
  constexpr std::string_view kHttp = "http://", kHttps = "https://";
  if (starts_with_ignoring_case(target, is_secure ? kHttp : kHttps)) return Refusal::INSECURE_SCHEME;
  Slice authority;
  if (!absolute_form_authority(target, is_secure ? kHttps : kHttp, &authority) || !is_authority(authority)) {
    return Refusal::INVALID_TARGET;
  }
  // RFC 9112, 3.2.2 lets the target win over Host; a sender that says two things is refused instead.
  std::string_view port = is_secure ? ":443" : ":80";
  if (host.data && !equal_ignoring_case(without_default_port(authority, port), without_default_port(host, port)))
    return Refusal::HOST_MISMATCH;
  return Refusal::none;
}

}  // namespace

Refusal judge_head(const char* bytes, const Limits& limits, RequestHead& head) {
  const LeftToApp& left_to_app = limits.left_to_app;
  Slice host = {nullptr, 0};
  bool has_length = false, names_protocol = false, expects_continue = false;
  ConnectionOptions connection;
  for (const Field& field : head.fields) {
    Slice name = slice_of(bytes, field.name), value = slice_of(bytes, field.value);
    switch (name.size) {
      case 4:
        if (!equal_ignoring_case(name, "host")) break;
        // RFC 9112, 3.2: exactly one, and a valid one.
        if (host.data) return Refusal::REPEATED_HOST;
        if (!left_to_app.hosts && !is_authority(value)) return Refusal::INVALID_HOST;
        host = value;
        break;
      case 6:
        if (!equal_ignoring_case(name, "expect")) break;
        if (!expects_only_continue(value)) {
          if (!left_to_app.expectations) return Refusal::UNKNOWN_EXPECTATION;
          head.expects_other = true;
          break;
        }
        expects_continue |= names_anything(value);
        break;
      case 7:
        names_protocol |= equal_ignoring_case(name, "upgrade") && names_anything(value);
        break;
      case 10:
        if (equal_ignoring_case(name, "connection")) connection.read(value);
        break;
      case 14:
        if (!equal_ignoring_case(name, "content-length")) break;
        if (has_length || !read_length(value, &head.content_length)) return Refusal::INVALID_CONTENT_LENGTH;
        has_length = true;
        break;
      case 17:
        if (!equal_ignoring_case(name, "transfer-encoding")) break;
        if (Refusal refusal = judge_transfer_encoding(value, head); refusal != Refusal::none) return refusal;
        head.chunked = true;
        break;
      default:
        break;
    }
  }
  if (!host.data && !head.http_1_0 && !left_to_app.hosts) return Refusal::MISSING_HOST;
  if (has_length && head.chunked) return Refusal::LENGTH_AND_TRANSFER_ENCODING;
  // A server ignores it from an HTTP/1.0 client, and where there is no body to wait for.
  head.expects_continue = expects_continue && !head.http_1_0 && head.has_body();
  head.keep_alive = !connection.close && (!head.http_1_0 || connection.keep_alive);
  // An upgrade is an offer; what nobody takes up is a plain request. An HTTP/1.0 client cannot make one, and behind a
  // body it would come too late, if the app does not say otherwise.
  bool asks = head.method == HTTP_CONNECT || (connection.upgrade && names_protocol);
  head.offers_upgrade = asks && (left_to_app.upgrades || (!head.has_body() && !head.http_1_0));
  head.note_traits();
  return left_to_app.targets ? Refusal::none : judge_target(slice_of(bytes, head.target), head, host, limits.is_secure);
}

Refusal judge_framing(const char* bytes, const RequestHead& head) {
  size_t lengths = 0, encodings = 0;
  for (const Field& field : head.fields) {
    Slice name = slice_of(bytes, field.name);
    lengths += equal_ignoring_case(name, "content-length");
    encodings += equal_ignoring_case(name, "transfer-encoding");
  }
  if (encodings == 0) return Refusal::INVALID_CONTENT_LENGTH;
  if (head.http_1_0) return Refusal::TRANSFER_ENCODING_IN_HTTP_1_0;
  if (encodings > 1) return Refusal::REPEATED_TRANSFER_ENCODING;
  return lengths > 0 ? Refusal::LENGTH_AND_TRANSFER_ENCODING : Refusal::INVALID_TRANSFER_ENCODING;
}

}  // namespace brink::http
