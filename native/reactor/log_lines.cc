#include "reactor/log_lines.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "generated/layout.h"
#include "http/ip_text.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "llhttp.h"
#include "reactor/line_writer.h"

namespace brink::reactor {

// A record, of which all is in its words, whatever they say.
class LoggedWords {
 public:
  LoggedWords(const uint32_t* words, size_t size)
      : words_(words),
        texts_(reinterpret_cast<const char*>(words + layout::kLoggedWords), 4 * (size - layout::kLoggedWords)) {}

  uint32_t operator[](size_t at) const { return words_[at]; }
  const uint32_t* at(size_t at) const { return words_ + at; }
  bool has(uint32_t flag) const { return (words_[layout::kLoggedFlags] & flag) != 0; }
  uint64_t whole(size_t low) const { return words_[low] | (uint64_t{words_[low + 1]} << 32); }

  std::string_view text(size_t at) const {
    size_t offset = words_[at] & 0xffff, size = words_[at] >> 16;
    return offset + size <= texts_.size() ? texts_.substr(offset, size) : std::string_view();
  }

  std::string_view method() const {
    switch (words_[layout::kLoggedMethod]) {
#define BRINK_METHOD(number, name, string) \
  case number:                             \
    return #string;
      HTTP_METHOD_MAP(BRINK_METHOD)
#undef BRINK_METHOD
    }
    return text(layout::kLoggedMethodName);
  }

  bool is_plain() const { return has(layout::kFlagLoggedPlain); }
  uint32_t status() const { return words_[layout::kLoggedStatus] & 0xffff; }
  uint32_t route() const { return words_[layout::kLoggedStatus] >> 16; }

 private:
  const uint32_t* words_;
  std::string_view texts_;
};

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr size_t kTraceIdAt = 3, kTraceIdSize = 32;

bool is_unsafe(uint8_t byte) { return byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\'; }

// The runs of bytes that are written as they are, and what stands for each of the others.
template <typename Escape>
void add_escaped(LineWriter& line, std::string_view text, Escape escape) {
  size_t begin = 0;
  for (size_t at = 0; at < text.size(); at++) {
    auto byte = static_cast<uint8_t>(text[at]);
    if (!is_unsafe(byte)) continue;
    line.add(text.substr(begin, at - begin));
    escape(byte);
    begin = at + 1;
  }
  line.add(text.substr(begin));
}

// As Apache does it.
void add_apache(LineWriter& line, std::string_view text, bool is_plain) {
  if (is_plain) return line.add(text);
  add_escaped(line, text, [&](uint8_t byte) {
    constexpr std::string_view kBytes = "\"\\\b\n\r\t\v", kNames = "\"\\bnrtv";
    size_t place = kBytes.find(static_cast<char>(byte));
    if (place != std::string_view::npos) {
      const char escaped[] = {'\\', kNames[place]};
      return line.add(std::string_view(escaped, sizeof escaped));
    }
    const char escaped[] = {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    line.add(std::string_view(escaped, sizeof escaped));
  });
}

void add_field(LineWriter& line, std::string_view text, bool is_plain) {
  line.add(" \"");
  if (text.empty()) {
    line.add('-');
  } else {
    add_apache(line, text, is_plain);
  }
  line.add('"');
}

// A string of JSON, in UTF-8, of text in Latin-1. Its controls are all escaped: terminals obey those of ISO 6429, too.
void add_quoted(LineWriter& line, std::string_view text, bool is_plain) {
  line.add('"');
  if (is_plain) {
    line.add(text);
  } else {
    add_escaped(line, text, [&](uint8_t byte) {
      constexpr std::string_view kBytes = "\"\\\b\f\n\r\t", kNames = "\"\\bfnrt";
      size_t place = kBytes.find(static_cast<char>(byte));
      if (place != std::string_view::npos) {
        const char escaped[] = {'\\', kNames[place]};
        return line.add(std::string_view(escaped, sizeof escaped));
      }
      if (byte >= 0xa0) {
        const char encoded[] = {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f))};
        return line.add(std::string_view(encoded, sizeof encoded));
      }
      const char escaped[] = {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
      line.add(std::string_view(escaped, sizeof escaped));
    });
  }
  line.add('"');
}

void add_property(LineWriter& line, std::string_view begin, std::string_view text, bool is_plain) {
  if (text.empty()) return;
  line.add(begin);
  add_quoted(line, text, is_plain);
}

void add_version(LineWriter& line, uint32_t version) {
  line.add_number(version >> 8 & 0xff);
  line.add('.');
  line.add_number(version & 0xff);
}

void add_made_id(LineWriter& line, const LoggedWords& record, std::string_view prefix) {
  constexpr int kBase = 36;
  line.add(prefix);
  for (size_t part : {layout::kLoggedSlot, layout::kLoggedGeneration, layout::kLoggedSequence}) {
    line.add('-');
    line.add_number(record[part], kBase);
  }
}

// In milliseconds since 1970.
uint64_t time_of(const LoggedWords& record, const uint32_t* words, double now_ms) {
  constexpr double kMost = 8.64e15;  // of JavaScript's Date
  uint64_t taken_us = words[layout::kLogNowLow] | (uint64_t{words[layout::kLogNowHigh]} << 32);
  double clock_ms = now_ms - static_cast<double>(taken_us) / 1000;
  double ms = clock_ms + static_cast<double>(record.whole(layout::kLoggedBeganLow)) / 1000;
  // Not a number compares false with everything.
  return ms >= 0 ? static_cast<uint64_t>(std::min(ms, kMost)) : 0;
}

struct Date {
  uint64_t year;
  uint32_t month;  // from 1
  uint32_t day;    // from 1
};

// Of days since 1970. Years are counted from March, so that a leap day is the last.
Date date_of(uint64_t days) {
  constexpr uint64_t kDaysTo1970 = 719468, kDaysOf400Years = 146097;
  days += kDaysTo1970;
  uint64_t era = days / kDaysOf400Years;
  auto day_of_era = static_cast<uint32_t>(days % kDaysOf400Years);
  uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t month = (5 * day_of_year + 2) / 153;
  uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
  month = month < 10 ? month + 3 : month - 9;
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

constexpr uint64_t kDaySeconds = 86400;

void add_clock(LineWriter& line, uint64_t second) {
  second %= kDaySeconds;
  line.add_digits(second / 3600, 2);
  line.add(':');
  line.add_digits(second / 60 % 60, 2);
  line.add(':');
  line.add_digits(second % 60, 2);
}

}  // namespace

// In local time, as Apache writes it: `10/Oct/2000:13:55:36 -0700`.
std::string_view LogLines::local_time(uint64_t second, int32_t zone_minutes) {
  if (time_.second == second && time_.zone_minutes == zone_minutes) return time_.text;
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr int32_t kMost = 24 * 60;
  zone_minutes = std::clamp(zone_minutes, -kMost, kMost);
  int64_t local = std::max<int64_t>(0, static_cast<int64_t>(second) + 60 * zone_minutes);
  auto local_second = static_cast<uint64_t>(local);
  Date date = date_of(local_second / kDaySeconds);
  auto distance = static_cast<uint32_t>(std::abs(zone_minutes));
  char text[64];
  LineWriter line(text, text + sizeof text);
  line.add_digits(date.day, 2);
  line.add('/');
  line.add(kMonths.substr(3 * (date.month - 1), 3));
  line.add('/');
  line.add_digits(date.year, 4);
  line.add(':');
  add_clock(line, local_second);
  line.add(zone_minutes < 0 ? " -" : " +");
  line.add_digits(distance / 60, 2);
  line.add_digits(distance % 60, 2);
  time_ = {second, zone_minutes, std::string(text, line.end())};
  return time_.text;
}

// To the second: `2000-10-10T20:55:36`.
std::string_view LogLines::utc_time(uint64_t second) {
  if (time_.second == second) return time_.text;
  Date date = date_of(second / kDaySeconds);
  char text[64];
  LineWriter line(text, text + sizeof text);
  line.add_digits(date.year, 4);
  line.add('-');
  line.add_digits(date.month, 2);
  line.add('-');
  line.add_digits(date.day, 2);
  line.add('T');
  add_clock(line, second);
  time_ = {second, 0, std::string(text, line.end())};
  return time_.text;
}

std::string_view LogLines::ip_of(const uint32_t* address, bool is_ipv4) {
  bool is_same = !ip_.empty() && is_ipv4 == is_ipv4_ && std::memcmp(address, address_, sizeof address_) == 0;
  if (is_same) return ip_;
  std::memcpy(address_, address, sizeof address_);
  is_ipv4_ = is_ipv4;
  uint8_t bytes[sizeof address_];
  std::memcpy(bytes, address, sizeof bytes);
  // As in addresses that JavaScript gives: nobody's stands for a socket of the UNIX domain.
  bool is_nobody = std::all_of(bytes, bytes + sizeof bytes, [](uint8_t byte) { return byte == 0; });
  ip_ = is_nobody ? "unix:" : http::ip_text(bytes, is_ipv4);
  return ip_;
}

size_t LogLines::write(uint32_t* words, size_t count, char* into, size_t room, const LineSurroundings& known) {
  words[layout::kLogLines] = 0;
  size_t end = std::min<size_t>(words[layout::kLogEnd], count), at = words[layout::kLogAt];
  char* written = into;
  bool is_single = known.ip && known.id;
  while (at < end) {
    size_t size = end - at >= layout::kLoggedWords ? words[at + layout::kLoggedSize] : 0;
    if (size < layout::kLoggedWords || size > end - at) {
      at = end;
      break;
    }
    LoggedWords record(words + at, size);
    LineWriter line(written, into + room);
    uint64_t ms = time_of(record, words, known.now_ms);
    if (format_ == Format::combined) {
      combined(record, ms, known, line);
    } else {
      json(record, ms, known, line);
    }
    line.add('\n');
    if (!line.fits()) break;
    written = line.end();
    at += size;
    words[layout::kLogLines]++;
    if (is_single) break;
  }
  words[layout::kLogAt] = static_cast<uint32_t>(at);
  return static_cast<size_t>(written - into);
}

// The format of Apache, as Debian has it: the size is that of all bytes sent (`%O`).
void LogLines::combined(const LoggedWords& record, uint64_t ms, const LineSurroundings& known, LineWriter& line) {
  bool is_plain = record.is_plain();
  if (known.ip) {
    add_apache(line, *known.ip, false);
  } else {
    line.add(ip_of(record.at(layout::kLoggedAddress), record.has(layout::kFlagIpv4)));
  }
  line.add(" - - [");
  line.add(local_time(ms / 1000, known.zone_minutes));
  line.add("] \"");
  std::string_view method = record.method(), target = record.text(layout::kLoggedTarget);
  if (!method.empty()) {
    add_apache(line, method, is_plain);
    line.add(' ');
  }
  if (method.empty() && target.empty()) line.add('-');
  add_apache(line, target, is_plain);
  if (!method.empty()) {
    line.add(" HTTP/");
    add_version(line, record[layout::kLoggedVersion]);
  }
  line.add("\" ");
  if (record.status() > 0) {
    line.add_number(record.status());
  } else {
    // nginx logs a client that has left before its response as 499.
    line.add(record[layout::kLoggedEnded] == layout::kEndedGone ? "499" : "000");
  }
  line.add(' ');
  line.add_number(record.whole(layout::kLoggedOutLow));
  add_field(line, record.text(layout::kLoggedReferer), is_plain);
  add_field(line, record.text(layout::kLoggedUserAgent), is_plain);
}

// An object; what is empty is left out.
void LogLines::json(const LoggedWords& record, uint64_t ms, const LineSurroundings& known, LineWriter& line) {
  bool is_plain = record.is_plain();
  uint32_t version = record[layout::kLoggedVersion], end = record[layout::kLoggedEnded];
  line.add("{\"time\":\"");
  line.add(utc_time(ms / 1000));
  line.add('.');
  line.add_digits(ms % 1000, 3);
  line.add("Z\",\"ip\":");
  if (known.ip) {
    add_quoted(line, *known.ip, false);
  } else {
    add_quoted(line, ip_of(record.at(layout::kLoggedAddress), record.has(layout::kFlagIpv4)), true);
  }
  line.add(",\"peer\":");
  add_quoted(line, ip_of(record.at(layout::kLoggedPeerAddress), record.has(layout::kFlagPeerIpv4)), true);
  line.add(",\"method\":");
  add_quoted(line, record.method(), is_plain);
  line.add(",\"target\":");
  add_quoted(line, record.text(layout::kLoggedTarget), is_plain);
  line.add(",\"version\":\"");
  if (version > 0) add_version(line, version);
  line.add("\",\"status\":");
  line.add_number(record.status());
  line.add(",\"bytesIn\":");
  line.add_number(record.whole(layout::kLoggedInLow));
  line.add(",\"bytesOut\":");
  line.add_number(record.whole(layout::kLoggedOutLow));
  line.add(",\"duration\":");
  line.add_ms(record.whole(layout::kLoggedDurationLow));
  if (record[layout::kLoggedWaitHigh] != UINT32_MAX) {
    line.add(",\"wait\":");
    line.add_ms(record.whole(layout::kLoggedWaitLow));
  }
  line.add(",\"end\":\"");
  if (end < ends_.size()) line.add(ends_[end]);
  line.add('"');
  uint32_t refusal = record[layout::kLoggedRefusal];
  if (refusal < http::kRefusalCount) add_property(line, ",\"code\":", http::kRefusals[refusal].code, true);
  add_property(line, ",\"referer\":", record.text(layout::kLoggedReferer), is_plain);
  add_property(line, ",\"userAgent\":", record.text(layout::kLoggedUserAgent), is_plain);
  line.add(",\"id\":");
  if (known.id) {
    add_quoted(line, *known.id, false);
  } else {
    line.add('"');
    add_made_id(line, record, known.id_prefix);
    line.add('"');
  }
  if (record.route() < patterns_.size() && !patterns_[record.route()].empty()) {
    line.add(",\"route\":");
    line.add(patterns_[record.route()]);
  }
  std::string_view traceparent = record.text(layout::kLoggedTraceparent);
  add_property(line, ",\"traceparent\":", traceparent, is_plain);
  bool is_traced = record.has(layout::kFlagLoggedTraced) && traceparent.size() >= kTraceIdAt + kTraceIdSize;
  if (is_traced) add_property(line, ",\"traceId\":", traceparent.substr(kTraceIdAt, kTraceIdSize), is_plain);
  line.add('}');
}

}  // namespace brink::reactor
