// Characters and words of RFC 9110 and RFC 3986, as tables; nothing here depends on the locale.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "net/system.h"

namespace brink::http {

bool is_token_character(char c);       // RFC 9110, 5.6.2: tchar
bool is_host_character(char c);        // RFC 3986, 3.2.2: reg-name, with percent-encoding
bool is_target_character(char c);      // RFC 3986: what may stand in a path or a query
bool is_web_target_character(char c);  // and what browsers send there, which the URL Standard leaves as it is
bool are_target_characters(net::Slice text);
// What stands between spaces can be told apart from them.
inline bool is_visible_character(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }
bool is_field_character(char c);  // RFC 9110, 5.5: field-vchar, obs-text, space and tab

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
// Of a hexadecimal digit.
inline uint8_t digit_of(char c) { return static_cast<uint8_t>(is_digit(c) ? c - '0' : lower(c) - 'a' + 10); }

bool equal_ignoring_case(net::Slice a, std::string_view b);
inline bool equal_ignoring_case(net::Slice a, net::Slice b) {
  return equal_ignoring_case(a, std::string_view(b.data, b.size));
}
inline bool starts_with_ignoring_case(net::Slice text, std::string_view prefix) {
  return text.size >= prefix.size() && equal_ignoring_case(net::Slice{text.data, prefix.size()}, prefix);
}

}  // namespace brink::http
