#include "http/request_line.h"

#include <cstring>
#include <string_view>

#include "http/characters.h"

namespace brink::http {
namespace {

using net::Slice;

struct Method {
  std::string_view name;
  uint8_t number;
};

constexpr Method kMethods[] = {
#define BRINK_METHOD(number, name, string) {#string, number},
    HTTP_METHOD_MAP(BRINK_METHOD)
#undef BRINK_METHOD
};

// Those of other protocols that llhttp knows, such as PLAY, are unknown to HTTP.
uint8_t number_of(std::string_view name) {
  if (name == "GET") return HTTP_GET;
  for (const Method& method : kMethods) {
    if (method.name == name) return method.number;
  }
  return kUnknownMethod;
}

}  // namespace

Refusal RequestLine::read(Slice bytes, const Limits& limits) {
  if (method_size_ == 0) {
    Refusal refusal = read_method(bytes);
    if (refusal != Refusal::none || method_size_ == 0) return refusal;
  }
  if (!target_is_whole_) {
    Refusal refusal = read_target(bytes, limits);
    if (refusal != Refusal::none || !target_is_whole_) return refusal;
  }
  return read_version(bytes);
}

// Methods are case-sensitive (RFC 9110, 9.1), but `get` is a mistake and not a method that might exist.
Refusal RequestLine::read_method(Slice bytes) {
  size_t at = 0;
  while (at < bytes.size && is_token_character(bytes.data[at]) && !(bytes.data[at] >= 'a' && bytes.data[at] <= 'z')) {
    if (++at > kMostMethodBytes) return Refusal::UNKNOWN_METHOD;
  }
  if (at == bytes.size) return Refusal::none;
  if (at == 0 || bytes.data[at] != ' ') return Refusal::INVALID_METHOD;
  method_size_ = at;
  method_ = number_of({bytes.data, at});
  return Refusal::none;
}

Refusal RequestLine::read_target(Slice bytes, const Limits& limits) {
  const char* target = bytes.data + method_size_ + 1;
  const char* end = bytes.data + bytes.size;
  const char* most = static_cast<size_t>(end - target) > limits.target_bytes ? target + limits.target_bytes : end;
  const char* at = target + target_size_;
  while (at < most && is_target_character(*at)) at++;
  auto may_stand = [&left = limits.left_to_app](char c) {
    if (left.targets) return is_visible_character(c);
    return left.web_targets ? is_web_target_character(c) : is_target_character(c);
  };
  if (limits.left_to_app.targets || limits.left_to_app.web_targets) {
    while (at < most && may_stand(*at)) at++;
  }
  target_size_ = static_cast<size_t>(at - target);
  if (at == end) return Refusal::none;
  switch (*at) {
    case ' ':
      target_is_whole_ = true;
      return target_size_ > 0 ? Refusal::none : Refusal::INVALID_REQUEST_LINE;
    case '\n':
      return Refusal::INVALID_LINE_END;
    case '\r':
      if (at + 1 == end) return Refusal::none;
      return at[1] == '\n' ? Refusal::MISSING_VERSION : Refusal::INVALID_LINE_END;
    default:
      return may_stand(*at) ? Refusal::TARGET_TOO_LONG : Refusal::INVALID_TARGET;
  }
}

Refusal RequestLine::read_version(Slice bytes) {
  // A zero stands for any digit.
  constexpr std::string_view kShape = "HTTP/0.0\r\n";
  const char* version = bytes.data + method_size_ + 1 + target_size_ + 1;
  size_t left = static_cast<size_t>(bytes.data + bytes.size - version);
  bool is_usual = left >= kShape.size() && std::memcmp(version, "HTTP/1.1\r\n", kShape.size()) == 0;
  for (size_t at = 0; at < kShape.size() && !is_usual; at++) {
    if (at == left) return Refusal::none;
    if (kShape[at] == '0' ? is_digit(version[at]) : version[at] == kShape[at]) continue;
    bool is_about_line_end = version[at] == '\n' || kShape[at] == '\n';
    return is_about_line_end ? Refusal::INVALID_LINE_END : Refusal::INVALID_VERSION;
  }
  if (version[5] != '1' || version[7] > '1') return Refusal::UNSUPPORTED_VERSION;
  http_1_0_ = version[7] == '0';
  size_ = static_cast<size_t>(version - bytes.data) + kShape.size();
  return Refusal::none;
}

}  // namespace brink::http
