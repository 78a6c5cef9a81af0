// Hosts and ports, as Host fields and request targets name them.
#pragma once

#include <string_view>

#include "net/system.h"

namespace brink::http {

// `host` or `host:port` of an http URI (RFC 3986, 3.2): one that `new URL` can read, too, since apps make URLs of it.
// User information is no part of it (RFC 9110, 7.2 and 4.2.4). An empty port is the default one.
bool is_authority(net::Slice text);

// The same with a port from 1 to 65535, as CONNECT needs it (RFC 9110, 9.3.6).
bool is_authority_with_port(net::Slice text);

// http://a:80/, http://a:/ and Host: a are the same place (RFC 9110, 4.2.3). The port is that of the scheme, with its
// colon.
net::Slice without_default_port(net::Slice authority, std::string_view default_port);

}  // namespace brink::http
