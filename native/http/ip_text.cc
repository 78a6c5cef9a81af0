#include "http/ip_text.h"

#include <cstdio>
#include <cstring>

#include "http/characters.h"

namespace brink::http {
namespace {

constexpr int kGroups = 8;

// The groups before the gap, and then those behind it, which move to the end.
class Groups {
 public:
  int count() const { return count_; }
  bool has_gap() const { return gap_ >= 0; }
  void begin_gap() { gap_ = count_; }
  bool is_complete() const { return has_gap() ? count_ < kGroups : count_ == kGroups; }

  bool add(uint16_t group) {
    if (count_ == kGroups) return false;
    groups_[count_++] = group;
    return true;
  }

  void write(uint8_t* bytes) const {
    std::memset(bytes, 0, 2 * kGroups);
    for (int i = 0; i < count_; i++) {
      int place = has_gap() && i >= gap_ ? kGroups - count_ + i : i;
      bytes[2 * place] = static_cast<uint8_t>(groups_[i] >> 8);
      bytes[2 * place + 1] = static_cast<uint8_t>(groups_[i]);
    }
  }

 private:
  uint16_t groups_[kGroups] = {};
  int count_ = 0;
  int gap_ = -1;
};

bool read_groups(const char* at, const char* end, Groups& groups) {
  if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
    groups.begin_gap();
    at += 2;
  }
  while (at < end) {
    const char* begin = at;
    uint16_t group = 0;
    for (; at < end && is_hex_digit(*at); at++) group = static_cast<uint16_t>(group << 4 | digit_of(*at));
    if (at < end && *at == '.') {
      uint8_t quad[4];
      return parse_ipv4({begin, static_cast<size_t>(end - begin)}, quad) &&
             groups.add(static_cast<uint16_t>(quad[0] << 8 | quad[1])) &&
             groups.add(static_cast<uint16_t>(quad[2] << 8 | quad[3]));
    }
    if (at == begin || at - begin > 4 || !groups.add(group)) return false;
    if (at == end) return true;
    if (*at++ != ':' || at == end) return false;
    if (*at != ':') continue;
    if (groups.has_gap()) return false;
    groups.begin_gap();
    at++;
  }
  return true;
}

}  // namespace

bool parse_ipv4(net::Slice text, uint8_t* four_bytes) {
  const char* at = text.data;
  const char* end = at + text.size;
  for (int octet = 0;; octet++) {
    const char* begin = at;
    int value = 0;
    for (; at < end && at - begin < 3 && is_digit(*at); at++) value = value * 10 + (*at - '0');
    bool has_leading_zero = at - begin > 1 && *begin == '0';
    if (at == begin || has_leading_zero || value > 255) return false;
    four_bytes[octet] = static_cast<uint8_t>(value);
    if (octet == 3) return at == end;
    if (at == end || *at++ != '.') return false;
  }
}

bool parse_ipv6(net::Slice text, uint8_t* sixteen_bytes) {
  Groups groups;
  if (!read_groups(text.data, text.data + text.size, groups) || !groups.is_complete()) return false;
  groups.write(sixteen_bytes);
  return true;
}

std::string ip_text(const uint8_t* sixteen_bytes, bool is_ipv4) {
  char text[64];
  if (is_ipv4) {
    const uint8_t* quad = sixteen_bytes + 12;
    std::snprintf(text, sizeof text, "%u.%u.%u.%u", quad[0], quad[1], quad[2], quad[3]);
    return text;
  }
  uint32_t groups[kGroups];
  for (int i = 0; i < kGroups; i++) groups[i] = uint32_t{sixteen_bytes[2 * i]} << 8 | sixteen_bytes[2 * i + 1];
  // The first of the longest runs of zeros; a single one is written.
  int gap = kGroups, gap_size = 1;
  for (int begin = 0; begin < kGroups; begin++) {
    int size = 0;
    while (begin + size < kGroups && groups[begin + size] == 0) size++;
    if (size > gap_size) gap = begin, gap_size = size;
  }
  std::string all;
  for (int i = 0; i < kGroups; i++) {
    if (i == gap) {
      all += "::";
      i += gap_size - 1;
      continue;
    }
    if (!all.empty() && all.back() != ':') all += ':';
    std::snprintf(text, sizeof text, "%x", groups[i]);
    all += text;
  }
  return all;
}

}  // namespace brink::http
