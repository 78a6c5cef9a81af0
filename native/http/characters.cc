#include "http/characters.h"

#include <algorithm>
#include <array>

namespace brink::http {
namespace {

using Table = std::array<bool, 256>;

constexpr Table alphanumeric_and(std::string_view more) {
  Table table = {};
  for (int c = '0'; c <= '9'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; c++) table[static_cast<size_t>(c)] = true;
  for (char c : more) table[static_cast<uint8_t>(c)] = true;
  return table;
}

constexpr Table field_characters() {
  Table table = {};
  for (size_t c = 0x20; c < 256; c++) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}

constexpr Table kToken = alphanumeric_and("!#$%&'*+-.^_`|~");
constexpr Table kHost = alphanumeric_and("-._~%!$&'()*+,;=");
// RFC 3986 has no place for "<>\^`{|} anywhere in a URI: what one reader takes for a slash or an end, another keeps. It
// has one for brackets, if not in paths and queries; there they are harmless, and clients send them.
constexpr Table kTarget = alphanumeric_and("-._~%!$&'()*+,;=:@/?[]");
// Browsers do not escape these in queries, and some not in paths. No reader takes one for a slash or an end. A
// backslash is none of them: the URL Standard makes it a slash.
constexpr Table kWebTarget = alphanumeric_and("-._~%!$&'()*+,;=:@/?[]^`{|}");
constexpr Table kField = field_characters();

bool in(const Table& table, char c) { return table[static_cast<uint8_t>(c)]; }

}  // namespace

bool is_token_character(char c) { return in(kToken, c); }
bool is_host_character(char c) { return in(kHost, c); }
bool is_target_character(char c) { return in(kTarget, c); }
bool is_web_target_character(char c) { return in(kWebTarget, c); }
bool are_target_characters(net::Slice text) {
  return std::all_of(text.data, text.data + text.size, is_target_character);
}
bool is_field_character(char c) { return in(kField, c); }

bool equal_ignoring_case(net::Slice a, std::string_view b) {
  if (a.size != b.size()) return false;
  for (size_t i = 0; i < a.size; i++) {
    if (lower(a.data[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace brink::http
