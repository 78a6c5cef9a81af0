// What RFC 9112 asks of a request head beyond its syntax. A head that two servers could read differently is refused,
// whoever is right: that is how a second request would be smuggled past a proxy.
#pragma once

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace brink::http {

// Judges a head of which the line and the fields are read, and fills in what its fields say of the connection and of
// the body.
Refusal judge_head(const char* head_bytes, const Limits& limits, RequestHead& head);

// Why llhttp refuses the fields that say where a body ends, of which it tells no more than at which one it stopped.
Refusal judge_framing(const char* head_bytes, const RequestHead& head);

}  // namespace brink::http
