// The header of the PROXY protocol, versions 1 and 2: what a proxy that passes a connection on says before the first
// byte of its client ("The PROXY protocol", W. Tarreau, HAProxy). Depends on the bytes alone.
#pragma once

#include <cstddef>

#include "net/system.h"

namespace brink::http {

// A line of version 1, with its CRLF (section 2.1).
inline constexpr size_t kMostProxyLineBytes = 107;
// A header of version 2, which may have 64 KiB behind its addresses: about what others accept.
inline constexpr size_t kMostProxyHeaderBytes = 4096;

struct ProxyHeader {
  enum class State : uint8_t {
    incomplete,  // more bytes decide
    absent,      // these bytes begin something else
    complete,
    invalid,
    too_long,
  };

  State state = State::incomplete;
  size_t size = 0;          // of the whole header, once it is complete
  bool has_client = false;  // false where the proxy speaks for itself (LOCAL), or names no IP address
  net::Address client;
};

// Reads what stands at the begin of the bytes. What follows the header is not looked at.
ProxyHeader read_proxy_header(net::Slice bytes);

}  // namespace brink::http
