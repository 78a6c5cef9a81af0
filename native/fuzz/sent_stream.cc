#include "fuzz/sent_stream.h"

#include <algorithm>
#include <charconv>

namespace brink::fuzz {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string_view trimmed(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

bool SentStream::take_head(std::string_view head, bool has_body, uint64_t announced) {
  if (!skip_rest()) return false;
  // RFC 9112, 2.2: empty lines before a request.
  while (sent_.compare(at_, 2, kLineEnd) == 0) at_ += 2;
  if (head.empty() || sent_.compare(at_, head.size(), head) != 0) return false;
  size_t end = sent_.find("\r\n\r\n", at_ + head.size());
  if (end == std::string::npos) return false;
  at_ = end + 4;
  framing_ = !has_body ? Framing::none : announced > 0 ? Framing::length : Framing::chunked;
  left_ = announced;
  at_last_ = false;
  return true;
}

bool SentStream::take_raw(std::string_view piece) {
  if (!skip_rest() || sent_.compare(at_, piece.size(), piece) != 0) return false;
  at_ += piece.size();
  return true;
}

bool SentStream::take_body(std::string_view piece) {
  while (!piece.empty()) {
    if (framing_ == Framing::chunked && left_ == 0 && !begin_chunk()) return false;
    if (left_ == 0) return false;
    size_t size = static_cast<size_t>(std::min<uint64_t>(left_, piece.size()));
    if (sent_.compare(at_, size, piece.substr(0, size)) != 0) return false;
    at_ += size;
    left_ -= size;
    piece.remove_prefix(size);
  }
  return true;
}

// The line with a chunk's size, and the line end of the chunk before.
bool SentStream::begin_chunk() {
  if (at_last_) return false;
  if (sent_.compare(at_, 2, kLineEnd) == 0) at_ += 2;
  std::string_view line;
  if (!take_line(&line)) return false;
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (error != std::errc() || end == line.data()) return false;
  at_last_ = left_ == 0;
  return true;
}

bool SentStream::take_end(std::string_view trailers) {
  std::string lines;
  bool ended =
      framing_ != Framing::chunked ? left_ == 0 : left_ == 0 && begin_chunk() && at_last_ && take_trailers(&lines);
  framing_ = Framing::none;
  return ended && lines == trailers;
}

bool SentStream::take_trailers(std::string* lines) {
  for (std::string_view line; take_line(&line);) {
    if (line.empty()) return true;
    size_t colon = line.find(':');
    if (colon == line.npos) return false;
    lines->append(line.substr(0, colon)).append(": ").append(trimmed(line.substr(colon + 1))).append(kLineEnd);
  }
  return false;
}

// Of a body that nobody wanted: it is not told, but it was read.
bool SentStream::skip_rest() {
  if (framing_ == Framing::none) return true;
  if (framing_ == Framing::length) at_ += static_cast<size_t>(left_);
  while (framing_ == Framing::chunked) {
    at_ += static_cast<size_t>(left_);
    left_ = 0;
    if (at_ > sent_.size() || !begin_chunk()) return false;
    std::string unread;
    if (at_last_ && !take_trailers(&unread)) return false;
    if (at_last_) framing_ = Framing::none;
  }
  framing_ = Framing::none;
  left_ = 0;
  return at_ <= sent_.size();
}

bool SentStream::take_line(std::string_view* line) {
  size_t end = sent_.find(kLineEnd, at_);
  if (end == std::string::npos) return false;
  *line = std::string_view(sent_).substr(at_, end - at_);
  at_ = end + 2;
  return true;
}

}  // namespace brink::fuzz
