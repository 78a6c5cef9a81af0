#include "http/head_bytes.h"

#include <algorithm>
#include <cstring>

namespace brink::http {
namespace {

using net::Slice;

constexpr size_t kEmptyLineBytes = 4;  // with the end of the line before it

const char* find(char c, const char* at, const char* end) {
  const void* found = std::memchr(at, c, static_cast<size_t>(end - at));
  return found ? static_cast<const char*>(found) : end;
}

// A CR without an LF, or an LF without a CR, from `from` on; one of which the other half may still come is none.
bool has_bare_line_end(const char* from, const char* end) {
  const char* cr = find('\r', from, end);
  const char* lf = find('\n', from, end);
  while (end - cr > 1 || lf < end) {
    if (lf - cr != 1) return true;
    cr = find('\r', lf, end);
    lf = find('\n', lf + 1, end);
  }
  return false;
}

}  // namespace

// Of each four bytes one is looked at, as long as it is none of CRLFCRLF.
const char* end_of_head(const char* begin, const char* end) {
  const char* at = begin + 3;
  while (at < end) {
    if (static_cast<unsigned char>(*at) > '\r') {
      at += 4;
    } else if (*at == '\n') {
      if (at[-1] == '\r' && at[-2] == '\n' && at[-3] == '\r') return at + 1;
      at += 2;
    } else {
      at++;
    }
  }
  return nullptr;
}

net::Slice HeadBytes::kept() const {
  if (!unfinished_) return {nullptr, 0};
  return {unfinished_->bytes.data(), unfinished_->bytes.size()};
}

Refusal HeadBytes::take(const char** at, const char* end, const Limits& limits, Slice* head) {
  *head = {nullptr, 0};
  if (unfinished_) return keep(at, end, limits, head);
  Refusal refusal = pass_empty_lines(at, end);
  if (refusal != Refusal::none || *at == end) return refusal;
  const char* head_end = end_of_head(*at, end);
  if (!head_end || static_cast<size_t>(head_end - *at) > limits.header_bytes + kEmptyLineBytes) {
    unfinished_ = std::make_unique<Unfinished>();
    return keep(at, end, limits, head);
  }
  *head = {*at, static_cast<size_t>(head_end - *at)};
  *at = head_end;
  return Refusal::none;
}

// RFC 9112, 2.2: a CR and an LF each. One that has not come yet may come later.
Refusal HeadBytes::pass_empty_lines(const char** at, const char* end) {
  for (; *at < end; ++*at) {
    char c = **at;
    if (cr_waits_ ? c != '\n' : c == '\n') return Refusal::INVALID_LINE_END;
    if (!cr_waits_ && c != '\r') return Refusal::none;
    cr_waits_ = c == '\r';
  }
  return Refusal::none;
}

// What is wrong with the line, or with the ends of lines, is told before the head is complete: whoever speaks something
// else than HTTP may never end it.
Refusal HeadBytes::keep(const char** at, const char* end, const Limits& limits, Slice* head) {
  Unfinished& unfinished = *unfinished_;
  std::vector<char>& bytes = unfinished.bytes;
  size_t kept = bytes.size();
  // One byte more than there may be, by which too many are known.
  size_t room = limits.header_bytes + kEmptyLineBytes + 1 - kept;
  bytes.insert(bytes.end(), *at, *at + std::min(room, static_cast<size_t>(end - *at)));
  const char* begin = bytes.data();
  const char* kept_end = begin + bytes.size();
  *head = {begin, bytes.size()};
  size_t from = unfinished.searched < 3 ? 0 : unfinished.searched - 3;
  if (const char* head_end = end_of_head(begin + from, kept_end)) {
    size_t size = static_cast<size_t>(head_end - begin);
    if (size <= limits.header_bytes + kEmptyLineBytes) {
      *at += size - kept;
      *head = {begin, size};
      return Refusal::none;
    }
  }
  Refusal refusal = unfinished.line.read(*head, limits);
  if (refusal != Refusal::none) return refusal;
  if (size_t line_size = unfinished.line.size()) {
    size_t first = std::max(line_size, unfinished.lines_end);
    if (has_bare_line_end(begin + first, kept_end)) return Refusal::INVALID_LINE_END;
    // A CR at the end is looked at again, with what follows it.
    unfinished.lines_end = bytes.size() - (bytes.back() == '\r' ? 1 : 0);
  }
  // Line ends behind the last field do not count, as they do not in a head that is complete.
  size_t size = bytes.size();
  while (size > 0 && (begin[size - 1] == '\r' || begin[size - 1] == '\n')) size--;
  if (size > limits.header_bytes) return Refusal::HEADER_TOO_LARGE;
  unfinished.searched = bytes.size();
  *at = end;
  *head = {nullptr, 0};
  return Refusal::none;
}

}  // namespace brink::http
