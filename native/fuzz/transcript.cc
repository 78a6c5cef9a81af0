#include "fuzz/transcript.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "fuzz/check.h"
#include "http/refusal.h"

namespace brink::fuzz {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr size_t kMostHead = 256 * 1024;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// The whole text is the number, with no sign, no space and no leading zero.
bool is_number(std::string_view text, uint64_t* number) {
  if (text.empty() || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text.size() > 1)) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

// RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT
bool is_imf_date(std::string_view text) {
  constexpr std::string_view kShape = "Aaa, 00 Aaa 0000 00:00:00 GMT";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    bool is_digit = c >= '0' && c <= '9', is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (kShape[i] == '0' ? !is_digit : kShape[i] == 'A' || kShape[i] == 'a' ? !is_letter : c != kShape[i]) return false;
  }
  return true;
}

bool is_refusal(uint16_t status) {
  return std::any_of(std::begin(http::kRefusals), std::end(http::kRefusals),
                     [&](const http::RefusalFacts& facts) { return facts.status != 0 && facts.status == status; });
}

}  // namespace

bool Transcript::expect(uint32_t sequence, Expected expected) {
  return expected_.emplace(sequence, std::move(expected)).second;
}

void Transcript::read(const char* bytes, size_t size) {
  while (size > 0) {
    if (body_left_ == 0) {
      BRINK_HOLDS(!said_close_, "client %zu is sent more after a response that says close", client_);
      char last = *bytes++;
      head_.push_back(last);
      size--;
      BRINK_HOLDS(head_.size() < kMostHead, "client %zu: a head without end", client_);
      if (last == '\n' && head_.size() >= 4 && std::string_view(head_).substr(head_.size() - 4) == kEndOfHead)
        read_head();
      continue;
    }
    size_t piece = static_cast<size_t>(std::min<uint64_t>(size, body_left_));
    bool same = !answer_ || std::memcmp(answer_->body.data() + body_read_, bytes, piece) == 0;
    BRINK_HOLDS(same, "client %zu, response %u: another body than the handler's", client_, complete_);
    bytes += piece;
    size -= piece;
    body_read_ += piece;
    body_left_ -= piece;
    if (body_left_ == 0) finish_response();
  }
}

void Transcript::read_head() {
  std::string head = std::exchange(head_, std::string());
  if (head == "HTTP/1.1 100 Continue\r\n\r\n") {
    interim_++;
    return;
  }
  std::string_view lines(head);
  uint64_t status = 0, length = 0;
  bool begins_well = starts_with(lines, "HTTP/1.1 ") && lines.size() > 13 && lines[12] == ' ' &&
                     is_number(lines.substr(9, 3), &status) && status >= 200;
  BRINK_HOLDS(begins_well, "client %zu: no response begins like this: %.80s", client_, head.c_str());
  lines.remove_prefix(lines.find("\r\n") + 2);
  lines.remove_suffix(2);
  std::string_view fields = lines;
  int dates = 0, lengths = 0, connections = 0;
  bool close = false;
  while (!lines.empty()) {
    size_t end = lines.find("\r\n"), colon = lines.find(": ");
    BRINK_HOLDS(colon != lines.npos && colon > 0 && colon < end, "client %zu: no field line: %.80s", client_,
                std::string(lines).c_str());
    std::string_view name = lines.substr(0, colon), value = lines.substr(colon + 2, end - colon - 2);
    bool clean = std::none_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    BRINK_HOLDS(clean, "client %zu: a field value that is none: %.80s", client_, std::string(lines).c_str());
    BRINK_HOLDS(name != "Transfer-Encoding", "client %zu: chunked, where nothing is", client_);
    if (name == "Date" && is_imf_date(value)) dates++;
    if (name == "Content-Length" && ++lengths) {
      BRINK_HOLDS(is_number(value, &length), "client %zu: a length that is none", client_);
    }
    if (name == "Connection" && ++connections) {
      close = value == "close";
      BRINK_HOLDS(close || value == "keep-alive", "client %zu: neither close nor keep-alive", client_);
    }
    lines.remove_prefix(end + 2);
  }
  BRINK_HOLDS(lengths <= 1 && connections == 1, "client %zu: %d lengths and %d Connections", client_, lengths,
              connections);
  closes_ = close;
  auto found = expected_.find(complete_);
  answer_ = found == expected_.end() ? nullptr : &found->second;
  bool is_refused_reply = answer_ && answer_->may_be_refused && status == 500;
  bool to_head = answer_ && answer_->to_head;
  if (is_refused_reply) answer_ = nullptr;
  BRINK_HOLDS(dates > 0 || (answer_ && answer_->dated), "client %zu: a response without a date", client_);
  if (answer_) {
    compare_head(fields, static_cast<uint16_t>(status), close, lengths > 0, length);
  } else {
    // The server's own, which is its last.
    BRINK_HOLDS((is_refused_reply || is_refusal(static_cast<uint16_t>(status))) && close && length > 0,
                "client %zu, response %u: %d, which nobody answered", client_, complete_, static_cast<int>(status));
  }
  body_read_ = 0;
  body_left_ = answer_ ? answer_->body.size() : to_head ? 0 : length;
  if (body_left_ == 0) finish_response();
}

void Transcript::compare_head(std::string_view lines, uint16_t status, bool close, bool length_said, uint64_t length) {
  const Expected& wanted = *answer_;
  BRINK_HOLDS(status == wanted.status, "client %zu, response %u: status %d instead of %d", client_, complete_, status,
              wanted.status);
  BRINK_HOLDS(close || !wanted.close, "client %zu, response %u: does not say close", client_, complete_);
  BRINK_HOLDS(length_said == wanted.length_said && (!length_said || length == wanted.length),
              "client %zu, response %u: says a length of %llu instead of %llu", client_, complete_,
              static_cast<unsigned long long>(length), static_cast<unsigned long long>(wanted.length));
  BRINK_HOLDS(lines.find(wanted.fields) != lines.npos, "client %zu, response %u: the handler's fields are not there",
              client_, complete_);
}

size_t Transcript::bodies_on_their_way() const {
  size_t count = 0;
  for (auto at = expected_.lower_bound(complete_); at != expected_.end(); ++at) count += at->second.by_reference;
  return count;
}

void Transcript::finish_response() {
  answer_ = nullptr;
  said_close_ = closes_;
  complete_++;
}

}  // namespace brink::fuzz
