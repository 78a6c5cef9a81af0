#include "http/field_lines.h"

#include <string_view>

#include "http/field_list.h"
#include "http/request_rules.h"
#include "llhttp.h"

namespace brink::http {
namespace {

using net::Slice;

// What the callbacks work on; llhttp_t::data leads to it.
struct Reading {
  const char* head_bytes;
  const Limits& limits;
  RequestHead& head;
  Refusal refusal = Refusal::none;
  bool is_complete = false;

  Span span_of(const char* at, size_t length) const {
    return {static_cast<uint16_t>(at - head_bytes), static_cast<uint16_t>(length)};
  }
};

Reading& reading_of(llhttp_t* llhttp) { return *static_cast<Reading*>(llhttp->data); }

// Within one call of llhttp_execute a name, or a value, comes in one piece.
int on_name(llhttp_t* llhttp, const char* at, size_t length) {
  Reading& reading = reading_of(llhttp);
  if (length == 0) {
    reading.refusal = Refusal::INVALID_FIELD;
    return HPE_USER;
  }
  if (reading.head.fields.size() >= reading.limits.fields) {
    reading.refusal = Refusal::TOO_MANY_FIELDS;
    return HPE_USER;
  }
  reading.head.fields.push_back({reading.span_of(at, length), {}});
  return 0;
}

// llhttp leaves white space behind a value in it; it is no part of the value (RFC 9112, 5.1). An empty one it looks for
// behind the end of its line.
int on_value(llhttp_t* llhttp, const char* at, size_t length) {
  Reading& reading = reading_of(llhttp);
  while (length > 0 && is_white_space(at[length - 1])) length--;
  if (length > 0) reading.head.fields.back().value = reading.span_of(at, length);
  return 0;
}

int on_complete(llhttp_t* llhttp) {
  reading_of(llhttp).is_complete = true;
  return HPE_PAUSED;
}

const llhttp_settings_t& settings() {
  static const llhttp_settings_t made = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_complete;
    return settings;
  }();
  return made;
}

// As it is behind a request line. Which methods and versions there are is not for llhttp to say: it knows some of other
// protocols, and reads their requests in another way.
llhttp_t behind_line(std::string_view line) {
  llhttp_t llhttp;
  llhttp_init(&llhttp, HTTP_REQUEST, &settings());
  llhttp_execute(&llhttp, line.data(), line.size());
  return llhttp;
}

// What llhttp tells of its reason; of what is wrong with the framing it tells no more than where it stopped.
Refusal refusal_of(llhttp_errno_t error, const Reading& reading) {
  if (reading.refusal != Refusal::none) return reading.refusal;
  switch (error) {
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
      return judge_framing(reading.head_bytes, reading.head);
    case HPE_INVALID_HEADER_TOKEN:
      return Refusal::INVALID_FIELD;
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED:
      return Refusal::INVALID_LINE_END;
    default:
      return Refusal::INVALID_REQUEST;
  }
}

}  // namespace

Refusal read_field_lines(const char* head_bytes, Slice lines, const Limits& limits, RequestHead& head) {
  static const llhttp_t behind_http_1_1 = behind_line("GET / HTTP/1.1\r\n");
  static const llhttp_t behind_http_1_0 = behind_line("GET / HTTP/1.0\r\n");
  llhttp_t llhttp = head.http_1_0 ? behind_http_1_0 : behind_http_1_1;
  Reading reading = {head_bytes, limits, head};
  llhttp.data = &reading;
  llhttp_errno_t error = llhttp_execute(&llhttp, lines.data, lines.size);
  return reading.is_complete ? Refusal::none : refusal_of(error, reading);
}

}  // namespace brink::http
