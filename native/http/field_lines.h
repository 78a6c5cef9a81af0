// The field lines of a head, as llhttp reads them: in one piece, with nothing kept between two heads.
#pragma once

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "net/system.h"

namespace brink::http {

// Adds the fields of `lines`, which end with the empty line, to the head. Spans count from `head_bytes`.
Refusal read_field_lines(const char* head_bytes, net::Slice lines, const Limits& limits, RequestHead& head);

}  // namespace brink::http
