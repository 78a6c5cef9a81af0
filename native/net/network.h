// A network of IP addresses, by the bits that its addresses have in common.
#pragma once

#include <cstdint>
#include <cstring>

#include "net/system.h"

namespace brink::net {

struct Network {
  uint8_t bytes[16] = {};  // IPv4 in IPv4-mapped form
  uint8_t prefix_bits = 128;
  bool is_ipv4 = false;  // then its prefix has at least the 96 bits that all IPv4 addresses begin with

  bool contains(const Address& address) const {
    // `::/0` is every IPv6 address, and no IPv4 address.
    if (address.is_unix || address.is_ipv4 != is_ipv4) return false;
    size_t whole = prefix_bits / 8, rest = prefix_bits % 8;
    if (std::memcmp(bytes, address.bytes, whole) != 0) return false;
    return rest == 0 || ((bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
  }
};

}  // namespace brink::net
