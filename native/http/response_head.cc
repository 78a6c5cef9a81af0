#include "http/response_head.h"

#include <charconv>
#include <cstring>

#include "http/characters.h"

namespace brink::http {
namespace {

constexpr std::array<std::string_view, kContentTypes> kContentTypeLines = {
    "",
    "Content-Type: text/plain; charset=utf-8\r\n",
    "Content-Type: application/json\r\n",
    "Content-Type: application/octet-stream\r\n",
    "Content-Type: text/html; charset=utf-8\r\n",
};

constexpr size_t kMostDigits = 20;
constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";

char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* put_number(char* at, uint64_t number) { return std::to_chars(at, at + kMostDigits, number).ptr; }

bool is_framing_field(net::Slice name) {
  for (std::string_view framing : {"content-length", "transfer-encoding", "connection", "keep-alive"}) {
    if (equal_ignoring_case(name, framing)) return true;
  }
  return false;
}

// RFC 9110, 5.6.7: IMF-fixdate, whatever the locale says.
std::string imf_date(int64_t seconds) {
  static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t days = seconds / 86400, second = seconds % 86400;
  // The civil date of a day number: years begin in March, so that the leap day is a year's last.
  int64_t shifted = days + 719468, era = shifted / 146097, day_of_era = shifted % 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[40];
  int size =
      std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[days % 7], static_cast<int>(day),
                    kMonths[month - 1], static_cast<int>(year), static_cast<int>(second / 3600),
                    static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

std::string_view reason_phrase(uint16_t status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a Teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    case 511:
      return "Network Authentication Required";
    default:
      return "";  // RFC 9112, 4: it may be empty
  }
}

bool are_field_lines(net::Slice lines) {
  const char* at = lines.data;
  const char* end = lines.data + lines.size;
  while (at < end) {
    const char* name = at;
    while (at < end && is_token_character(*at)) at++;
    net::Slice name_slice = {name, static_cast<size_t>(at - name)};
    if (name_slice.size == 0 || end - at < 4 || at[0] != ':' || at[1] != ' ' || is_framing_field(name_slice)) {
      return false;
    }
    for (at += 2; at < end && is_field_character(*at);) at++;
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return false;
    at += 2;
  }
  return true;
}

// An HTTP/1.0 client must be told that the connection stays; to the others the second line says for how long. Whole
// seconds, and none that the connection may not last.
ResponseHeadWriter::ResponseHeadWriter(uint64_t keep_alive_timeout_ms) : keep_alive_("Connection: keep-alive\r\n") {
  if (keep_alive_timeout_ms > 0) {
    keep_alive_ += "Keep-Alive: timeout=" + std::to_string(keep_alive_timeout_ms / 1000) + "\r\n";
  }
  set_time(0);
}

void ResponseHeadWriter::set_time(int64_t seconds) {
  if (seconds == second_) return;
  second_ = seconds;
  date_ = "Date: " + imf_date(seconds < 0 ? 0 : seconds) + "\r\n";
  for (size_t type = 0; type < kContentTypes; type++) {
    usual_[type] =
        "HTTP/1.1 200 OK\r\n" + std::string(kContentTypeLines[type]) + date_ + keep_alive_ + "Content-Length: ";
  }
}

void ResponseHeadWriter::write_usual(net::ByteBuffer& out, uint8_t content_type, net::Slice fields,
                                     net::Slice content) {
  const std::string& begin = usual_[content_type];
  char* at = out.room(begin.size() + kMostDigits + 2 + fields.size + 2 + content.size);
  at = put(put_number(put(at, begin), content.size), "\r\n");
  if (fields.size > 0) at = put(at, {fields.data, fields.size});
  at = put(at, "\r\n");
  if (content.size > 0) at = put(at, {content.data, content.size});
  out.added(at);
}

void ResponseHeadWriter::write(net::ByteBuffer& out, const ResponseHead& head) {
  std::string_view reason = reason_phrase(head.status), type = kContentTypeLines[head.content_type];
  char* at = out.room(9 + 4 + reason.size() + 2 + type.size() + date_.size() + 16 + kMostDigits + 2 + head.fields.size +
                      kChunked.size() + kClose.size() + keep_alive_.size() + 2);
  at = put_number(put(at, "HTTP/1.1 "), head.status);
  at = put(put(put(at, " "), reason), "\r\n");
  at = put(at, type);
  if (!head.dated) at = put(at, date_);
  at = put(at, head.close ? kClose : std::string_view(keep_alive_));
  // RFC 9110, 8.6: never in 1xx and 204. A 304 may say what a 200 would have had.
  if (head.length_known && head.status >= 200 && head.status != 204) {
    at = put(put_number(put(at, "Content-Length: "), head.content_length), "\r\n");
  }
  if (head.chunked) at = put(at, kChunked);
  if (head.fields.size > 0) at = put(at, {head.fields.data, head.fields.size});
  out.added(put(at, "\r\n"));
}

}  // namespace brink::http
