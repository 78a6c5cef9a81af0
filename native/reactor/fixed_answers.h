// Answers that were made before anybody asked, by request target: given without JavaScript. One for each reactor, used
// on its thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/request_head.h"

namespace brink::reactor {

struct FixedAnswer {
  uint16_t status = 200;
  uint8_t content_type = 0;
  bool dated = false;  // the fields have a Date
  uint16_t route = 0;  // its number
  std::string fields;  // complete lines
  std::string body;
  std::string etag;  // as it stands in the fields, or nothing
};

class FixedAnswers {
 public:
  bool empty() const { return answers_.empty(); }
  void set(std::string target, FixedAnswer answer) { answers_[std::move(target)] = std::move(answer); }

  // The answer to GET or HEAD of exactly this target; null for all others, and for conditions that JavaScript judges.
  const FixedAnswer* find(const http::RequestHead& head, const char* head_bytes) const;

  // RFC 9110, 13.1.2: whether the client has what it would be sent.
  static bool is_known_to_client(const FixedAnswer& answer, const http::RequestHead& head, const char* head_bytes);

 private:
  std::map<std::string, FixedAnswer, std::less<>> answers_;
};

}  // namespace brink::reactor
