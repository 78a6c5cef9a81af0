// IP addresses as text.
#pragma once

#include <cstdint>
#include <string>

#include "net/system.h"

namespace brink::http {

// Four numbers up to 255 in decimal, without leading zeros (RFC 3986, 3.2.2). False when it is anything else.
bool parse_ipv4(net::Slice text, uint8_t* four_bytes);

// Eight groups, of which `::` stands for one or more that are zero; the last two may be an IPv4 address (RFC 4291,
// 2.2). No zone. The bytes mean nothing when it is false.
bool parse_ipv6(net::Slice text, uint8_t* sixteen_bytes);

// Of 16 bytes, as RFC 5952 has it. An IPv4 address is in their last four.
std::string ip_text(const uint8_t* sixteen_bytes, bool is_ipv4);

}  // namespace brink::http
