// A whole head, read and judged. What it says depends on its bytes and on the limits alone.
#pragma once

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "net/system.h"

namespace brink::http {

// `bytes` end with the empty line behind the fields. What `head` held before is forgotten.
Refusal parse_head(net::Slice bytes, const Limits& limits, RequestHead& head);

}  // namespace brink::http
