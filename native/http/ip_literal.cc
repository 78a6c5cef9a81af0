#include "http/ip_literal.h"

#include <algorithm>

#include "http/characters.h"

namespace brink::http {
namespace {

bool is_ipv4(const char* at, const char* end) {
  for (int octets = 1;; octets++) {
    const char* begin = at;
    int value = 0;
    for (; at < end && at - begin < 3 && is_digit(*at); at++) value = value * 10 + (*at - '0');
    bool has_leading_zero = at - begin > 1 && *begin == '0';
    if (at == begin || has_leading_zero || value > 255) return false;
    if (octets == 4) return at == end;
    if (at == end || *at++ != '.') return false;
  }
}

// Eight groups, of which `::` stands for one or more that are zero; the last two may be an IPv4 address.
bool is_ipv6(const char* at, const char* end) {
  int groups = 0;
  bool has_gap = false;
  if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
    has_gap = true;
    at += 2;
  }
  while (at < end) {
    const char* begin = at;
    while (at < end && is_hex_digit(*at)) at++;
    if (at < end && *at == '.') {
      groups += 2;
      return is_ipv4(begin, end) && (has_gap ? groups <= 7 : groups == 8);
    }
    if (at == begin || at - begin > 4) return false;
    groups++;
    if (at == end) break;
    if (*at++ != ':' || at == end) return false;
    if (*at != ':') continue;
    if (has_gap) return false;
    has_gap = true;
    at++;
  }
  return has_gap ? groups <= 7 : groups == 8;
}

// "v", hexadecimal digits, a dot, and what a name is made of, or colons.
bool is_of_the_future(const char* at, const char* end) {
  if (at == end || lower(*at) != 'v') return false;
  const char* digits = ++at;
  while (at < end && is_hex_digit(*at)) at++;
  if (at == digits || at == end || *at++ != '.' || at == end) return false;
  return std::all_of(at, end, [](char c) { return c == ':' || (c != '%' && is_host_character(c)); });
}

}  // namespace

bool is_ip_literal(net::Slice text) {
  const char* end = text.data + text.size;
  return is_ipv6(text.data, end) || is_of_the_future(text.data, end);
}

}  // namespace brink::http
