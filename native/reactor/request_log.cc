#include "reactor/request_log.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "http/characters.h"
#include "reactor/connection.h"
#include "reactor/exchange.h"

namespace brink::reactor {
namespace {

// Two fields of the same name are one list (RFC 9110, 5.3).
constexpr char kSeparator[] = ", ";

// Without the memory that this may give, the server has worse to do than to log.
http::Span append(std::string& text, net::Slice bytes, size_t most) {
  size_t size = std::min(bytes.size, most);
  http::Span span = {static_cast<uint16_t>(text.size()), static_cast<uint16_t>(size)};
  if (size > 0) text.append(bytes.data, size);
  return span;
}

// Nothing in it is escaped in any format. Written so that the compiler looks at many bytes at once.
bool is_plain(const std::string& text) {
  uint8_t found = 0;
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    found |= static_cast<uint8_t>((byte < 0x20) | (byte > 0x7e) | (byte == '"') | (byte == '\\'));
  }
  return found == 0;
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return http::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// W3C Trace Context, 3.2. Zeros are no ids, and only versions to come may have more fields.
bool has_trace_id(std::string_view traceparent) {
  constexpr size_t kSize = 55;
  if (traceparent.size() < kSize || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') {
    return false;
  }
  std::string_view version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32);
  std::string_view parent = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
  constexpr auto kNone = std::string_view::npos;
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(flags)) return false;
  if (version == "ff" || trace.find_first_not_of('0') == kNone || parent.find_first_not_of('0') == kNone) return false;
  return traceparent.size() == kSize || (version != "00" && traceparent[kSize] == '-');
}

uint32_t version_word(char major, char minor) {
  return static_cast<uint32_t>(major - '0') << 8 | static_cast<uint32_t>(minor - '0');
}

// A request that was refused for what follows its line has one: its method and its target are told apart.
void split_line(LoggedTexts& texts) {
  constexpr std::string_view kVersion = " HTTP/";
  constexpr size_t kVersionSize = kVersion.size() + 3;
  std::string_view line = texts.text;
  size_t method = line.find(' ');
  if (method == 0 || method >= line.size() || line.size() < method + 1 + kVersionSize + 1) return;
  std::string_view version = line.substr(line.size() - kVersionSize);
  bool is_version = version.substr(0, kVersion.size()) == kVersion && http::is_digit(version[kVersionSize - 3]) &&
                    version[kVersionSize - 2] == '.' && http::is_digit(version[kVersionSize - 1]);
  std::string_view target = line.substr(method + 1, line.size() - kVersionSize - method - 1);
  bool is_line = is_version &&
                 std::all_of(line.begin(), line.begin() + static_cast<ptrdiff_t>(method), http::is_token_character) &&
                 std::all_of(target.begin(), target.end(), http::is_visible_character);
  if (!is_line) return;
  texts.line_version = static_cast<uint16_t>(version_word(version[kVersionSize - 3], version[kVersionSize - 1]));
  texts.method_name = {0, static_cast<uint16_t>(method)};
  texts.target = {static_cast<uint16_t>(method + 1), static_cast<uint16_t>(target.size())};
}

uint32_t version_of(const ObservedRequest& request, const LoggedTexts& texts) {
  if (request.is_line) return texts.line_version;
  if (request.is_none) return 0;
  return request.http_1_0 ? version_word('1', '0') : version_word('1', '1');
}

void put_halves(uint32_t* words, uint64_t number) {
  words[0] = static_cast<uint32_t>(number);
  words[1] = static_cast<uint32_t>(number >> 32);
}

}  // namespace

static_assert(RequestLog::kMostOfTexts <= UINT16_MAX, "a span names any place of the texts");
static_assert(layout::kLoggedFields + layout::kMostLoggedFields == layout::kLoggedWords);
static_assert(static_cast<uint32_t>(RequestEnd::answered) == layout::kEndedAnswered &&
              static_cast<uint32_t>(RequestEnd::client_gone) == layout::kEndedGone &&
              static_cast<uint32_t>(RequestEnd::timed_out) == layout::kEndedTimeout &&
              static_cast<uint32_t>(RequestEnd::refused) == layout::kEndedRefused &&
              static_cast<uint32_t>(RequestEnd::aborted) == layout::kEndedAborted &&
              static_cast<uint32_t>(RequestEnd::cut) == layout::kEndedCut &&
              static_cast<uint32_t>(RequestEnd::tunnel) == layout::kEndedTunnel &&
              static_cast<uint32_t>(RequestEnd::unanswered) == layout::kEndedUnanswered);

RequestLog::RequestLog(std::vector<std::string> fields) : names_(std::move(fields)) {
  names_.resize(std::min<size_t>(names_.size(), layout::kMostLoggedFields));
  for (size_t place = 0; place < names_.size(); place++) {
    size_t length = names_[place].size();
    if (length < kMostOfName) places_by_length_[length] |= static_cast<uint16_t>(1u << place);
    if (names_[place] == "traceparent") traceparent_ = place;
  }
}

// What is made of a head that comes again and again is made once.
void RequestLog::note_head(ObservedRequest& seen, const http::Request& request) const {
  if (!request.known) {
    seen.texts = texts_of(request.head, request.head_bytes.data);
    return;
  }
  std::shared_ptr<const void>& note = request.known->note;
  if (!note) note = texts_of(request.head, request.head_bytes.data);
  seen.texts = std::static_pointer_cast<const LoggedTexts>(note);
}

std::shared_ptr<const LoggedTexts> RequestLog::texts_of(const http::RequestHead& head, const char* head_bytes) const {
  auto texts = std::make_shared<LoggedTexts>();
  bool has_number = head.method != http::kUnknownMethod;
  if (!has_number) {
    texts->method_name = append(texts->text, http::slice_of(head_bytes, head.method_name), kMostOfMethod);
  }
  texts->target = append(texts->text, http::slice_of(head_bytes, head.target), kMostOfTarget);
  uint32_t repeated = 0;  // a bit for each name
  for (const http::Field& field : head.fields) {
    for (uint32_t places = places_of(field, head_bytes); places != 0; places &= places - 1) {
      auto place = static_cast<size_t>(__builtin_ctz(places));
      net::Slice value = http::slice_of(head_bytes, field.value);
      if (texts->fields[place].length > 0 || (value.size > kMostOfField && is_list(place))) {
        repeated |= 1u << place;
      } else {
        texts->fields[place] = append(texts->text, value, kMostOfField);
      }
    }
  }
  // Once each, however often a client repeats it: the texts have a limit.
  for (; repeated != 0; repeated &= repeated - 1) {
    auto place = static_cast<size_t>(__builtin_ctz(repeated));
    std::string whole = list_of(head, head_bytes, place);
    texts->fields[place] = append(texts->text, {whole.data(), whole.size()}, kMostOfField);
  }
  texts->is_plain = is_plain(texts->text);
  if (traceparent_ < texts->fields.size()) {
    const http::Span& span = texts->fields[traceparent_];
    texts->is_traced = has_trace_id(std::string_view(texts->text).substr(span.offset, span.length));
  }
  return texts;
}

// The logged names that a field has, as bits.
uint32_t RequestLog::places_of(const http::Field& field, const char* head_bytes) const {
  if (field.name.length >= kMostOfName) return 0;
  uint32_t found = 0;
  for (uint32_t places = places_by_length_[field.name.length]; places != 0; places &= places - 1) {
    auto place = static_cast<size_t>(__builtin_ctz(places));
    bool is_it = http::equal_ignoring_case(http::slice_of(head_bytes, field.name), names_[place]);
    if (is_it) found |= 1u << place;
  }
  return found;
}

bool RequestLog::is_list(size_t place) const { return names_[place].find("forwarded") != std::string::npos; }

// All values of a name. Of a list that is too long the end is kept: proxies add to it, and the begin is what anybody
// may have written. It is cut at a comma, so that no element is another than it was.
std::string RequestLog::list_of(const http::RequestHead& head, const char* head_bytes, size_t place) const {
  std::string whole;
  for (const http::Field& field : head.fields) {
    if ((places_of(field, head_bytes) & (1u << place)) == 0) continue;
    net::Slice value = http::slice_of(head_bytes, field.value);
    if (!whole.empty()) whole.append(kSeparator);
    whole.append(value.data, value.size);
  }
  if (whole.size() > kMostOfField && is_list(place)) {
    whole.erase(0, whole.size() - kMostOfField);
    size_t comma = whole.find(',');
    whole.erase(0, comma == std::string::npos ? whole.size() : comma);
  }
  return whole;
}

void RequestLog::note_line(ObservedRequest& request, net::Slice head) const {
  const char* end = head.size > 0 ? std::find(head.data, head.data + head.size, '\n') : head.data;
  if (end != head.data && end[-1] == '\r') end--;
  auto texts = std::make_shared<LoggedTexts>();
  texts->target = append(texts->text, {head.data, static_cast<size_t>(end - head.data)}, kMostOfTarget);
  split_line(*texts);
  texts->is_plain = is_plain(texts->text);
  request.is_line = true;
  request.texts = std::move(texts);
}

void RequestLog::put(const ObservedRequest& request, const Connection& connection, RequestEnd end, uint64_t bytes_out,
                     uint64_t now_us) {
  const LoggedTexts& texts = request.texts ? *request.texts : none_;
  size_t size = layout::kLoggedWords + (texts.text.size() + 3) / 4;
  const net::Address& client = connection.client();
  const net::Address& peer = connection.peer;
  bool is_announced = &client != &peer;
  uint32_t flags =
      (client.is_ipv4 ? layout::kFlagIpv4 : 0) | (peer.is_ipv4 ? layout::kFlagPeerIpv4 : 0) |
      (is_announced ? layout::kFlagAnnounced : 0) |
      (connection.announced() && !is_announced && connection.stage != Stage::announced ? layout::kFlagClientUnknown
                                                                                       : 0) |
      (texts.is_plain ? layout::kFlagLoggedPlain : 0) | (texts.is_traced ? layout::kFlagLoggedTraced : 0) |
      (request.is_none ? layout::kFlagLoggedNone : 0);
  std::lock_guard<std::mutex> guard(lock_);
  if (waiting_.size() - taken_ + size > kMostWaitingWords) {
    lost_++;
    return;
  }
  size_t at = waiting_.size();
  waiting_.resize(at + size);
  uint32_t* words = waiting_.data() + at;
  words[layout::kLoggedSize] = static_cast<uint32_t>(size);
  words[layout::kLoggedSlot] = connection.id.slot;
  words[layout::kLoggedGeneration] = connection.id.generation;
  words[layout::kLoggedSequence] = request.sequence;
  words[layout::kLoggedStatus] = request.status | (uint32_t{request.route} << 16);
  words[layout::kLoggedMethod] = request.method;
  words[layout::kLoggedEnded] = static_cast<uint32_t>(end);
  words[layout::kLoggedRefusal] = static_cast<uint32_t>(request.refusal);
  words[layout::kLoggedFlags] = flags;
  put_halves(words + layout::kLoggedInLow, request.bytes_in);
  put_halves(words + layout::kLoggedOutLow, bytes_out);
  put_halves(words + layout::kLoggedBeganLow, request.first_byte_us);
  put_halves(words + layout::kLoggedDurationLow, now_us - std::min(now_us, request.first_byte_us));
  bool has_come = request.last_byte_us != kNotYet;
  put_halves(words + layout::kLoggedWaitLow, has_come ? now_us - std::min(now_us, request.last_byte_us) : kNotYet);
  std::memcpy(words + layout::kLoggedAddress, client.bytes, sizeof client.bytes);
  words[layout::kLoggedPort] = client.port;
  std::memcpy(words + layout::kLoggedPeerAddress, peer.bytes, sizeof peer.bytes);
  words[layout::kLoggedPeerPort] = peer.port;
  words[layout::kLoggedMethodName] = word_of(texts.method_name);
  words[layout::kLoggedTarget] = word_of(texts.target);
  words[layout::kLoggedVersion] = version_of(request, texts);
  for (size_t place = 0; place < texts.fields.size(); place++) {
    words[layout::kLoggedFields + place] = word_of(texts.fields[place]);
  }
  if (!texts.text.empty()) std::memcpy(words + layout::kLoggedWords, texts.text.data(), texts.text.size());
}

bool RequestLog::take(uint32_t* into, size_t words) {
  std::lock_guard<std::mutex> guard(lock_);
  into[layout::kLogLost] = std::exchange(lost_, 0);
  put_halves(into + layout::kLogNowLow, net::system::monotonic_us());
  size_t end = taken_, room = words - layout::kLogFirst;
  while (end < waiting_.size() && end - taken_ + waiting_[end] <= room) end += waiting_[end];
  std::copy(waiting_.begin() + static_cast<ptrdiff_t>(taken_), waiting_.begin() + static_cast<ptrdiff_t>(end),
            into + layout::kLogFirst);
  into[layout::kLogEnd] = static_cast<uint32_t>(layout::kLogFirst + end - taken_);
  into[layout::kLogAt] = layout::kLogFirst;
  taken_ = end;
  bool has_more = taken_ < waiting_.size();
  // Others may add as fast as this is taken, so that it is never empty.
  if (has_more && taken_ < kMostTakenWords) return true;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(taken_));
  // What a flood has needed is not kept.
  constexpr size_t kKeptWords = 64 * 1024;
  if (!has_more && waiting_.capacity() > kKeptWords) waiting_.shrink_to_fit();
  taken_ = 0;
  return has_more;
}

}  // namespace brink::reactor
