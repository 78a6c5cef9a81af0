// What may stand between the brackets of a host (RFC 3986, 3.2.2).
#pragma once

#include "net/system.h"

namespace brink::http {

// An IPv6 address, or an address of a version to come.
bool is_ip_literal(net::Slice text);

}  // namespace brink::http
