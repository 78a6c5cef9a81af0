// Which of several is for the name that a client asks for: the name itself, then `*.` and what follows its first label,
// then the first of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace brink::tls {

class ServerNames {
 public:
  // Of two of the same name the first counts.
  void add(std::string_view name, size_t place) { places_.emplace(lower(name), place); }

  static bool are_equal(std::string_view one, std::string_view other) { return lower(one) == lower(other); }

  size_t find(std::string_view asked) const {
    std::string name = lower(asked);
    auto found = places_.find(name);
    if (found != places_.end()) return found->second;
    size_t dot = name.find('.');
    if (dot == name.npos || dot == 0) return 0;
    found = places_.find("*" + name.substr(dot));
    return found != places_.end() ? found->second : 0;
  }

 private:
  // Names are ASCII, and a dot at the end says that there is no more of them.
  static std::string lower(std::string_view name) {
    if (!name.empty() && name.back() == '.') name.remove_suffix(1);
    std::string text(name);
    for (char& each : text) {
      if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
    }
    return text;
  }

  std::unordered_map<std::string, size_t> places_;
};

// The host name of the extension server_name of a ClientHello (RFC 6066, 3), or nothing.
inline std::string_view host_name_of(const unsigned char* extension, size_t size) {
  auto number = [&](size_t at) { return size_t{extension[at]} << 8 | extension[at + 1]; };
  constexpr size_t kListLength = 2, kTypeAndLength = 3;
  if (size < kListLength || number(0) != size - kListLength) return {};
  size_t at = kListLength;
  while (at + kTypeAndLength <= size) {
    bool is_host = extension[at] == 0;
    size_t length = number(at + 1);
    at += kTypeAndLength;
    if (length > size - at) return {};
    if (is_host) return {reinterpret_cast<const char*>(extension) + at, length};
    at += length;
  }
  return {};
}

// Others are nobody's: what is told of a connection is one text, in which zeros stand between the names.
inline bool is_possible_name(std::string_view name) {
  constexpr size_t kMost = 255;
  return name.size() <= kMost && name.find('\0') == name.npos;
}

}  // namespace brink::tls
