#include "http/authority.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "http/characters.h"
#include "http/ip_text.h"

namespace brink::http {
namespace {

using net::Slice;

constexpr uint64_t kMostIpv4 = 0xffffffff;
constexpr uint32_t kMostPort = 65535;

// A number of an IPv4 address as the URL standard reads it: in decimal, in octal behind `0`, in hexadecimal behind
// `0x`.
bool is_ipv4_number(const char* at, const char* end, uint64_t* value) {
  int base = 10;
  if (end - at >= 2 && at[0] == '0' && lower(at[1]) == 'x') {
    base = 16;
    at += 2;
  } else if (end - at >= 2 && at[0] == '0') {
    base = 8;
    at++;
  }
  *value = 0;
  for (; at < end; at++) {
    if (!is_hex_digit(*at) || digit_of(*at) >= base) return false;
    *value = std::min(*value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit_of(*at)), kMostIpv4 + 1);
  }
  return true;
}

// What a host consists of between its dots, from the last label on.
class Labels {
 public:
  Labels(const char* begin, const char* end) : begin_(begin), end_(end) {}

  // The last one, which is taken off; false when there is none left.
  bool take_last(const char** label, const char** label_end) {
    if (is_over_) return false;
    *label_end = end_;
    const char* at = end_;
    while (at > begin_ && at[-1] != '.') at--;
    *label = at;
    is_over_ = at == begin_;
    end_ = is_over_ ? at : at - 1;
    return true;
  }

 private:
  const char* begin_;
  const char* end_;
  bool is_over_ = false;
};

// A host of which the last label is a number is an IPv4 address, or none (the URL standard, 3.5 and 3.6). RFC 3986
// would let it be a name; but two readers that disagree about who is meant are one too many.
bool is_ipv4_or_name(const char* begin, const char* end) {
  if (end - begin > 1 && end[-1] == '.') end--;
  Labels labels(begin, end);
  const char *label, *label_end;
  labels.take_last(&label, &label_end);
  if (label == label_end) return true;
  uint64_t value;
  bool is_number = is_ipv4_number(label, label_end, &value);
  if (!is_number && !std::all_of(label, label_end, is_digit)) return true;
  if (!is_number) return false;
  uint64_t last = value;
  int numbers = 1;
  for (; labels.take_last(&label, &label_end); numbers++) {
    if (numbers == 4 || label == label_end || !is_ipv4_number(label, label_end, &value) || value > 255) return false;
  }
  // The last number fills what the others leave of four octets.
  return last < uint64_t{1} << (8 * (5 - numbers));
}

// What an escape stands for must be a character that a host may have. Those that are not ASCII would be names in
// another spelling than `xn--`, in which clients send them.
bool is_escape_of_host_character(const char* at, const char* end) {
  if (end - at < 3 || !is_hex_digit(at[1]) || !is_hex_digit(at[2])) return false;
  constexpr std::string_view kForbidden = "#/:<>?@[\\]^|%";
  int character = digit_of(at[1]) * 16 + digit_of(at[2]);
  return character > 0x20 && character < 0x7f && kForbidden.find(static_cast<char>(character)) == kForbidden.npos;
}

// RFC 3986, 3.2.2: reg-name. One with escapes is judged by what they stand for.
bool is_name(const char* begin, const char* end) {
  char decoded[256];
  size_t size = 0;
  bool has_escapes = false;
  for (const char* at = begin; at < end; at++) {
    if (!is_host_character(*at)) return false;
    if (*at != '%') continue;
    if (!is_escape_of_host_character(at, end)) return false;
    has_escapes = true;
  }
  if (!has_escapes) return is_ipv4_or_name(begin, end);
  for (const char* at = begin; at < end; at++) {
    // Longer than any name that can be looked up.
    if (size == sizeof decoded) return false;
    decoded[size++] = *at == '%' ? static_cast<char>(digit_of(at[1]) * 16 + digit_of(at[2])) : *at;
    if (*at == '%') at += 2;
  }
  return is_ipv4_or_name(decoded, decoded + size);
}

// Takes the host off, and leaves what stands behind it; false when there is none.
bool take_host(Slice* text) {
  const char* begin = text->data;
  const char* end = begin + text->size;
  const char* host_end;
  if (begin < end && *begin == '[') {
    const char* bracket = std::find(begin, end, ']');
    uint8_t address[16];
    if (bracket == end || !parse_ipv6({begin + 1, static_cast<size_t>(bracket - begin - 1)}, address)) return false;
    host_end = bracket + 1;
  } else {
    host_end = std::find(begin, end, ':');
    if (host_end == begin || !is_name(begin, host_end)) return false;
  }
  *text = {host_end, static_cast<size_t>(end - host_end)};
  return true;
}

// A colon, and digits up to 65535, or none.
bool is_port(Slice text, uint32_t* port) {
  *port = 0;
  if (text.size == 0 || text.data[0] != ':') return false;
  for (const char* at = text.data + 1; at < text.data + text.size; at++) {
    if (!is_digit(*at)) return false;
    *port = *port * 10 + static_cast<uint32_t>(*at - '0');
    if (*port > kMostPort) return false;
  }
  return true;
}

}  // namespace

bool is_authority(Slice text) {
  uint32_t port;
  return take_host(&text) && (text.size == 0 || is_port(text, &port));
}

bool is_authority_with_port(Slice text) {
  uint32_t port;
  return take_host(&text) && is_port(text, &port) && port > 0;
}

std::string_view host_of(Slice authority) {
  Slice port = authority;
  if (!is_authority(authority) || !take_host(&port)) return {};
  return {authority.data, authority.size - port.size};
}

Slice without_default_port(Slice authority, std::string_view default_port) {
  for (const std::string_view port : {default_port, std::string_view(":")}) {
    const std::string_view text{authority.data, authority.size};
    if (text.size() > port.size() && text.substr(text.size() - port.size()) == port)
      return {authority.data, authority.size - port.size()};
  }
  return authority;
}

}  // namespace brink::http
