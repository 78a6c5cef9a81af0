#include "http/proxy_header.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "http/characters.h"
#include "http/ip_text.h"

namespace brink::http {
namespace {

using net::Slice;
using State = ProxyHeader::State;

constexpr std::string_view kLineBegin = "PROXY ";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kFixedBytes = 16;  // of version 2: signature, version and command, family, length
constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

ProxyHeader in_state(State state) {
  ProxyHeader header;
  header.state = state;
  return header;
}

// The begin of these bytes, as far as there are any.
bool may_begin_with(Slice bytes, std::string_view text) {
  return std::memcmp(bytes.data, text.data(), std::min(bytes.size, text.size())) == 0;
}

void set_ipv4(const uint8_t* four_bytes, net::Address* address) {
  address->is_ipv4 = true;
  std::memcpy(address->bytes, kMappedPrefix, sizeof kMappedPrefix);
  std::memcpy(address->bytes + sizeof kMappedPrefix, four_bytes, 4);
}

// A mapped address is an IPv4 client's, as it is for a listener of both families.
void set_ipv6(const uint8_t* sixteen_bytes, net::Address* address) {
  std::memcpy(address->bytes, sixteen_bytes, 16);
  address->is_ipv4 = std::memcmp(sixteen_bytes, kMappedPrefix, sizeof kMappedPrefix) == 0;
}

// The address of all zeros is nobody's (RFC 4291, 2.5.2).
bool is_client(const net::Address& address) {
  return std::any_of(std::begin(address.bytes), std::end(address.bytes), [](uint8_t byte) { return byte != 0; });
}

// Words with one space between them.
class Words {
 public:
  explicit Words(Slice line) : at_(line.data), end_(line.data + line.size) {}

  Slice next() {
    const char* begin = at_;
    at_ = std::find(at_, end_, ' ');
    Slice word = {begin, static_cast<size_t>(at_ - begin)};
    if (at_ == end_) {
      is_over_ = true;
    } else {
      at_++;
    }
    return word;
  }
  bool is_over() const { return is_over_; }

 private:
  const char* at_;
  const char* end_;
  bool is_over_ = false;
};

bool read_address(Slice word, bool is_ipv4, net::Address* address) {
  uint8_t bytes[16];
  if (is_ipv4) {
    if (!parse_ipv4(word, bytes)) return false;
    set_ipv4(bytes, address);
  } else {
    if (!parse_ipv6(word, bytes)) return false;
    set_ipv6(bytes, address);
  }
  return true;
}

// 0 to 65535 in decimal, without leading zeros.
bool read_port(Slice word, uint16_t* port) {
  constexpr uint32_t kMostPort = 65535;
  uint32_t value = 0;
  if (word.size == 0 || word.size > 5 || (word.size > 1 && word.data[0] == '0')) return false;
  for (size_t i = 0; i < word.size; i++) {
    if (!is_digit(word.data[i])) return false;
    value = value * 10 + static_cast<uint32_t>(word.data[i] - '0');
  }
  *port = static_cast<uint16_t>(value);
  return value <= kMostPort;
}

// What stands between `PROXY ` and the CRLF: family, two addresses, two ports (section 2.1).
bool read_line(Slice line, ProxyHeader* header) {
  Words words(line);
  Slice family = words.next();
  std::string_view name(family.data, family.size);
  // What follows is to be ignored.
  if (name == "UNKNOWN") return true;
  if (name != "TCP4" && name != "TCP6") return false;
  bool is_ipv4 = name == "TCP4";
  net::Address destination;
  // One after the other, for each begins behind the one before.
  bool is_valid = read_address(words.next(), is_ipv4, &header->client) &&
                  read_address(words.next(), is_ipv4, &destination) && read_port(words.next(), &header->client.port) &&
                  !words.is_over() && read_port(words.next(), &destination.port) && words.is_over();
  header->has_client = is_valid && is_client(header->client);
  return is_valid;
}

ProxyHeader read_version_1(Slice bytes) {
  size_t most = std::min(bytes.size, kMostProxyLineBytes);
  std::string_view text(bytes.data, most);
  size_t end = text.find("\r\n");
  if (end == text.npos) return in_state(most == kMostProxyLineBytes ? State::too_long : State::incomplete);
  ProxyHeader header = in_state(State::complete);
  header.size = end + 2;
  Slice line = {bytes.data + kLineBegin.size(), end - kLineBegin.size()};
  return read_line(line, &header) ? header : in_state(State::invalid);
}

// Section 2.2. Values that it does not define are to be refused.
ProxyHeader read_version_2(Slice bytes) {
  enum Command : uint8_t { kLocal, kProxy };
  enum Family : uint8_t { kUnspecified, kInet, kInet6, kUnix };
  // Two addresses, and two ports where there are any.
  constexpr size_t kAddressBytes[] = {0, 12, 36, 216};
  constexpr uint8_t kMostFamily = kUnix, kMostTransport = 2;
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data);
  size_t left = bytes.size;
  if (left <= 12) return in_state(State::incomplete);
  uint8_t version = at[12] >> 4, command = at[12] & 15;
  if (version != 2 || command > kProxy) return in_state(State::invalid);
  if (left < kFixedBytes) return in_state(State::incomplete);
  uint8_t family = at[13] >> 4, transport = at[13] & 15;
  size_t length = static_cast<size_t>(at[14] << 8 | at[15]);
  // Of a proxy that speaks for itself nothing but the length counts.
  if (command == kLocal) family = kUnspecified;
  bool is_defined = command == kLocal || (family <= kMostFamily && transport <= kMostTransport);
  if (!is_defined || length < kAddressBytes[family]) return in_state(State::invalid);
  if (kFixedBytes + length > kMostProxyHeaderBytes) return in_state(State::too_long);
  if (left < kFixedBytes + length) return in_state(State::incomplete);
  ProxyHeader header = in_state(State::complete);
  header.size = kFixedBytes + length;
  const uint8_t* addresses = at + kFixedBytes;
  auto port_at = [&](size_t place) { return static_cast<uint16_t>(addresses[place] << 8 | addresses[place + 1]); };
  if (family == kInet) {
    set_ipv4(addresses, &header.client);
    header.client.port = port_at(8);
  } else if (family == kInet6) {
    set_ipv6(addresses, &header.client);
    header.client.port = port_at(32);
  }
  header.has_client = is_client(header.client);
  return header;
}

}  // namespace

ProxyHeader read_proxy_header(Slice bytes) {
  if (bytes.size == 0) return in_state(State::incomplete);
  if (may_begin_with(bytes, kSignature)) return read_version_2(bytes);
  if (!may_begin_with(bytes, kLineBegin)) return in_state(State::absent);
  return bytes.size < kLineBegin.size() ? in_state(State::incomplete) : read_version_1(bytes);
}

}  // namespace brink::http
