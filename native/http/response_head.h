// Writes response heads: status line, Content-Type, Date, the handler's fields, Content-Length and Connection. Framing
// is decided here and nowhere else, so that no handler can break it. One for each reactor.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/byte_buffer.h"
#include "net/system.h"

namespace brink::http {

// Content types that are known by number, as in the exchange's layout.
inline constexpr size_t kContentTypes = 5;

struct ResponseHead {
  uint16_t status = 200;
  uint8_t content_type = 0;          // 0: the fields say it, or there is none
  net::Slice fields = {nullptr, 0};  // complete lines, checked by are_field_lines()
  uint64_t content_length = 0;       // said where the status allows it
  bool length_known = true;          // a 304 or an answer to HEAD may leave it out
  bool chunked = false;              // the length is not known, and the content says where it ends
  bool dated = false;                // the fields have a Date
  bool close = false;                // this is the connection's last response
};

// RFC 9110, 6.4.1 and 15.3.6: responses of these statuses have no content, whatever the handler gave.
inline bool status_has_no_content(uint16_t status) {
  return status < 200 || status == 204 || status == 205 || status == 304;
}

// True when every line is `name: value CRLF` with valid characters and none is one of the framing fields. JavaScript
// has checked them already; what leaves the server does not depend on that.
bool are_field_lines(net::Slice lines);

std::string_view reason_phrase(uint16_t status);

class ResponseHeadWriter {
 public:
  // Says on every response for how long the connection stays, so that no client asks on one that is just being closed;
  // with 0 it stays for any time.
  explicit ResponseHeadWriter(uint64_t keep_alive_timeout_ms);

  // Brings Date up to the second. Cheap when it is the same second still.
  void set_time(int64_t seconds_since_1970);

  void write(net::ByteBuffer& out, const ResponseHead& head);
  // A whole response of status 200, on a connection that stays.
  void write_usual(net::ByteBuffer& out, uint8_t content_type, net::Slice fields, net::Slice content);

 private:
  int64_t second_ = -1;
  std::string keep_alive_;  // "Connection: keep-alive CRLF Keep-Alive: timeout=… CRLF"
  std::string date_;        // "Date: … CRLF"
  // What nearly every response begins with, by content type: status 200, type, date, and "Content-Length: ".
  std::array<std::string, kContentTypes> usual_;
};

}  // namespace brink::http
