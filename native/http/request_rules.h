// What RFC 9112 asks of a request head beyond what llhttp checks. A head that two servers could read differently is
// refused, whoever is right: that is how a second request would be smuggled past a proxy.
#pragma once

#include "http/refusal.h"
#include "http/request_head.h"

namespace brink::http {

// Judges a complete head and fills in `expects_continue`. `announces_length` says whether llhttp saw a Content-Length.
Refusal judge_head(const char* head_bytes, RequestHead& head, bool announces_length);

// Why llhttp refuses the fields that say where a body ends, of which it tells no more than at which one it stopped.
Refusal judge_framing(const char* head_bytes, const RequestHead& head, bool http_1_0);

// What a method is that llhttp does not know, as far as it has arrived. Methods are case-sensitive (RFC 9110, 9.1), but
// `get` is a mistake and not a method that might exist.
enum class MethodShape { well_formed, incomplete, malformed, too_long };
MethodShape shape_of_method(net::Slice begin_of_line, size_t* length);

// The status for a version that llhttp does not take: 505 for a well-formed one, else 400.
Refusal judge_version(const char* after_target, const char* end);

// Empty lines may stand before a request (RFC 9112, 2.2), each a CR and an LF; llhttp passes over any of the two. Looks
// at the run of them that ends at `end` and does not begin before `begin`. Where it begins there, the first may be what
// is missing of a line end: an LF must be when `*cr_waits`, and may be when `lf_may_begin`. Tells whether a CR waits
// now.
bool are_empty_lines(const char* begin, const char* end, bool lf_may_begin, bool* cr_waits);

}  // namespace brink::http
