#include "fuzz/transcript.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "fuzz/check.h"
#include "http/refusal.h"

namespace brink::fuzz {
namespace {

constexpr size_t kMostHead = 256 * 1024;
// Around a body: a head without the handler's fields; and the framing of a chunk.
constexpr uint64_t kMostOfHead = 512;
constexpr uint64_t kMostOfChunk = 24;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// The whole text is the number, with no sign, no space, no capital and no leading zero.
bool is_number(std::string_view text, uint64_t* number, int base = 10) {
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return false;
  bool is_clean = std::all_of(text.begin(), text.end(),
                              [&](char c) { return (c >= '0' && c <= '9') || (base == 16 && c >= 'a' && c <= 'f'); });
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return is_clean && error == std::errc() && end == text.data() + text.size();
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
  bool is_first = expected_.emplace(sequence, std::move(expected)).second;
  catch_up();
  return is_first;
}

Expected* Transcript::find(uint32_t sequence) {
  auto found = expected_.find(sequence);
  return found == expected_.end() ? nullptr : &found->second;
}

void Transcript::on_drained(uint32_t sequence) {
  Expected* stream = find(sequence);
  BRINK_HOLDS(stream && stream->times_asked > 0, "client %zu: room for the answer to request %u, and nobody asked",
              client_, sequence);
  stream->times_asked--;
  stream->asks = false;
}

void Transcript::catch_up() {
  while (!given_up_) {
    bool is_whole =
        part_ == Part::content && framing_ == Framing::as_given && answer_->ended && body_read_ == answer_->body.size();
    if (is_whole) {
      closes_ = answer_->close;
      finish_response();
    }
    bool may_begin = part_ == Part::head && line_.empty() && !said_close_ && !(finished_ && !finished_->ended);
    const Expected* next = may_begin ? find(complete_) : nullptr;
    if (!next || next->framing != Framing::as_given) return;
    answer_ = next;
    framing_ = Framing::as_given;
    part_ = Part::content;
    body_read_ = 0;
  }
}

void Transcript::becomes_tunnel(Expected& answer) {
  if (answer_ == &answer) framing_ = Framing::raw;
  answer.framing = Framing::raw;
}

void Transcript::read(const char* bytes, size_t size) {
  while (size > 0 && !given_up_) {
    catch_up();
    if (part_ == Part::head && line_.empty() && is_raw_next()) begin_body(0);
    if (part_ == Part::content) {
      size_t taken = read_content(bytes, size);
      bytes += taken;
      size -= taken;
      continue;
    }
    BRINK_HOLDS(!said_close_, "client %zu is sent more after a response that says close", client_);
    read_byte(*bytes++);
    size--;
  }
  catch_up();
}

// Gathers what is read by its lines, and reads it when it is whole.
void Transcript::read_byte(char next) {
  line_.push_back(next);
  BRINK_HOLDS(line_.size() < kMostHead, "client %zu: a head without end", client_);
  if (next != '\n') return;
  switch (part_) {
    case Part::head:
      if (ends_with(line_, "\r\n\r\n")) read_head();
      break;
    case Part::chunk_size:
      read_chunk_size();
      break;
    case Part::chunk_end:
      BRINK_HOLDS(line_ == "\r\n", "client %zu: a chunk that is longer than it says", client_);
      line_.clear();
      part_ = Part::chunk_size;
      break;
    case Part::trailers:
      if (line_ == "\r\n" || ends_with(line_, "\r\n\r\n")) read_trailers();
      break;
    case Part::content:
      break;
  }
}

size_t Transcript::read_content(const char* bytes, size_t size) {
  if (framing_ == Framing::as_given) {
    size = std::min(size, answer_->body.size() - static_cast<size_t>(body_read_));
    BRINK_HOLDS(size > 0, "client %zu, response %u: more than was given", client_, complete_);
  }
  bool has_end = framing_ == Framing::length || framing_ == Framing::chunked;
  size_t piece = has_end ? static_cast<size_t>(std::min<uint64_t>(size, left_)) : size;
  bool same = !answer_ || (body_read_ + piece <= answer_->body.size() &&
                           std::memcmp(answer_->body.data() + body_read_, bytes, piece) == 0);
  // Its memory changed before it was looked at, so that 500 stands in its place.
  if (!same && framing_ == Framing::as_given && answer_->can_be_refused()) {
    give_up();
    return size;
  }
  BRINK_HOLDS(same, "client %zu, response %u: another body than the handler's", client_, complete_);
  body_read_ += piece;
  if (!has_end) return piece;
  left_ -= piece;
  if (left_ > 0) return piece;
  if (framing_ == Framing::chunked) {
    part_ = Part::chunk_end;
  } else {
    finish_response();
  }
  return piece;
}

void Transcript::read_chunk_size() {
  std::string line = std::exchange(line_, std::string());
  bool is_size = ends_with(line, "\r\n") && is_number(std::string_view(line).substr(0, line.size() - 2), &left_, 16);
  BRINK_HOLDS(is_size, "client %zu: a chunk of no size: %.80s", client_, line.c_str());
  part_ = left_ > 0 ? Part::content : Part::trailers;
}

void Transcript::read_trailers() {
  std::string lines = std::exchange(line_, std::string());
  lines.resize(lines.size() - 2);
  BRINK_HOLDS(answer_ && answer_->ended && body_read_ == answer_->body.size() && lines == answer_->trailers,
              "client %zu, response %u: ends where the handler's does not, or with other trailers", client_, complete_);
  finish_response();
}

void Transcript::read_head() {
  std::string head = std::exchange(line_, std::string());
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
  int dates = 0, lengths = 0, connections = 0, codings = 0;
  bool close = false;
  while (!lines.empty()) {
    size_t end = lines.find("\r\n"), colon = lines.find(": ");
    BRINK_HOLDS(colon != lines.npos && colon > 0 && colon < end, "client %zu: no field line: %.80s", client_,
                std::string(lines).c_str());
    std::string_view name = lines.substr(0, colon), value = lines.substr(colon + 2, end - colon - 2);
    bool clean = std::none_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    BRINK_HOLDS(clean, "client %zu: a field value that is none: %.80s", client_, std::string(lines).c_str());
    if (name == "Transfer-Encoding" && ++codings) {
      BRINK_HOLDS(value == "chunked", "client %zu: another coding than chunked", client_);
    }
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
  BRINK_HOLDS(lengths + codings <= 1 && connections == 1, "client %zu: %d lengths, %d codings and %d Connections",
              client_, lengths, codings, connections);
  closes_ = close;
  BRINK_HOLDS(!finished_ || finished_->ended, "client %zu, response %u: begins before the one before it has ended",
              client_, complete_);
  answer_ = find(complete_);
  bool is_refused_reply = answer_ && answer_->can_be_refused() && status == 500;
  bool is_silent = answer_ && answer_->to_head;
  if (is_refused_reply) answer_ = nullptr;
  BRINK_HOLDS(dates > 0 || (answer_ && answer_->dated), "client %zu: a response without a date", client_);
  if (answer_) {
    compare_head(fields, static_cast<uint16_t>(status), close, lengths > 0, length, codings > 0);
  } else {
    // The server's own, which is its last.
    BRINK_HOLDS((is_refused_reply || is_refusal(static_cast<uint16_t>(status))) && close && length > 0,
                "client %zu, response %u: %d, which nobody answered", client_, complete_, static_cast<int>(status));
  }
  begin_body(is_silent ? 0 : length);
}

void Transcript::compare_head(std::string_view lines, uint16_t status, bool close, bool length_said, uint64_t length,
                              bool chunked) {
  const Expected& wanted = *answer_;
  BRINK_HOLDS(status == wanted.status, "client %zu, response %u: status %d instead of %d", client_, complete_, status,
              wanted.status);
  BRINK_HOLDS(close || !wanted.close, "client %zu, response %u: does not say close", client_, complete_);
  BRINK_HOLDS(length_said == wanted.length_said && (!length_said || length == wanted.length),
              "client %zu, response %u: says a length of %llu instead of %llu", client_, complete_,
              static_cast<unsigned long long>(length), static_cast<unsigned long long>(wanted.length));
  // To HEAD it says what it would be to GET.
  BRINK_HOLDS(chunked == (wanted.framing == Framing::chunked) || wanted.to_head,
              "client %zu, response %u: chunked, or not, and should be otherwise", client_, complete_);
  BRINK_HOLDS(lines.find(wanted.fields) != lines.npos, "client %zu, response %u: the handler's fields are not there",
              client_, complete_);
}

void Transcript::begin_body(uint64_t length) {
  if (is_raw_next()) answer_ = find(complete_);
  framing_ = answer_ ? answer_->framing : length > 0 ? Framing::length : Framing::none;
  body_read_ = 0;
  left_ = length;
  part_ = framing_ == Framing::chunked ? Part::chunk_size : Part::content;
  if (framing_ == Framing::none || (framing_ == Framing::length && left_ == 0)) finish_response();
}

void Transcript::finish_response() {
  finished_ = std::exchange(answer_, nullptr);
  framing_ = Framing::none;
  part_ = Part::head;
  said_close_ = closes_;
  complete_++;
}

bool Transcript::is_raw_next() const {
  if (said_close_) return false;
  const Expected* next = find(complete_);
  return next && next->framing == Framing::raw;
}

// Of a refusal that was the answer to HEAD, all is here.
bool Transcript::may_be_refused_head() const {
  return may_have_asked_for_head_ && part_ == Part::content && !answer_ && closes_ && body_read_ == 0;
}

// A response whose end is the end of the stream, and that is all here.
bool Transcript::ends_with_the_stream() const {
  if (may_be_refused_head()) return true;
  bool is_such = part_ == Part::content && (framing_ == Framing::to_the_close || framing_ == Framing::raw);
  return is_such && answer_ && answer_->ended && body_read_ == answer_->body.size();
}

void Transcript::end() {
  if (framing_ != Framing::raw && ends_with_the_stream()) finish_response();
}

bool Transcript::answers(uint32_t requests) const {
  bool was_handed_over = is_raw_next() && is_between_responses();
  return said_close_ || complete() + (was_handed_over ? 1 : 0) >= requests;
}

// One that is whole for the client may go on for the handler: to HEAD, or when the last byte of a known length came
// without being said to be the last.
uint32_t Transcript::complete() const {
  bool ends_so = framing_ == Framing::to_the_close || may_be_refused_head();
  if (ends_so && ends_with_the_stream()) return complete_ + 1;
  return complete_ - (finished_ && !finished_->ended ? 1 : 0);
}

bool Transcript::is_between_responses() const {
  if (ends_with_the_stream()) return true;
  bool raw_without_bytes = part_ == Part::head && is_raw_next();
  if (raw_without_bytes && line_.empty()) {
    const Expected& tunnel = *find(complete_);
    return tunnel.ended && tunnel.body.empty();
  }
  return part_ == Part::head && line_.empty() && !(finished_ && !finished_->ended);
}

bool Transcript::is_up_to_date() const {
  if (part_ == Part::head) {
    const Expected* next = find(complete_);
    bool is_begun = next && next->framing == Framing::raw && next->body.empty();
    return line_.empty() && (is_begun || (finished_ && !finished_->ended));
  }
  bool is_whole_piece = part_ == Part::content ? framing_ != Framing::chunked : part_ == Part::chunk_size;
  return answer_ && is_whole_piece && line_.empty() && body_read_ == answer_->body.size();
}

uint32_t Transcript::answered_in_order() const {
  uint32_t sequence = 0;
  for (const Expected* next; (next = find(sequence)) && next->ended && next->framing != Framing::raw;) {
    if (next->aborted) break;
    sequence++;
    if (next->close) break;
  }
  return sequence;
}

bool Transcript::may_be_broken_off() const {
  for (uint32_t sequence = complete(); const Expected* next = find(sequence); sequence++) {
    if (next->aborted || next->can_break()) return true;
    if (!next->ended) return false;
  }
  return false;
}

bool Transcript::streams_still() const {
  const Expected* next = find(complete());
  return next && !next->ended;
}

size_t Transcript::bodies_on_their_way() const {
  size_t count = 0;
  for (auto at = expected_.lower_bound(complete_); at != expected_.end(); ++at) {
    uint64_t read = &at->second == answer_ ? body_read_ : 0;
    // One without bytes waits for its turn, too.
    for (uint64_t end : at->second.lent_up_to) count += end >= read;
  }
  return count;
}

uint64_t Transcript::most_outstanding(bool of_streams_only) const {
  uint64_t bytes = 0;
  for (auto at = expected_.lower_bound(complete_); at != expected_.end(); ++at) {
    const Expected& expected = at->second;
    bool streams = expected.pieces > 0 || !expected.ended;
    if (of_streams_only && !streams) continue;
    uint64_t read = &expected == answer_ ? body_read_ : 0;
    bytes += kMostOfHead + expected.fields.size() + expected.trailers.size() + expected.body.size() - read +
             kMostOfChunk * (expected.pieces + 1);
  }
  return bytes;
}

}  // namespace brink::fuzz
