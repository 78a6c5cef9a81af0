#include "fuzz/expectations.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace brink::fuzz {
namespace {

using reactor::Connection;
using reactor::Replies;

// A reply as it stands in the block, with nothing checked.
struct Record {
  const uint32_t* words;
  uint32_t operator[](unsigned place) const { return words[place]; }
  bool has(unsigned flag) const { return (words[layout::kReplyFlags] & flag) != 0; }
};

bool is_inside(uint64_t offset, uint64_t length) { return offset + length <= layout::kBlockBytes; }

bool is_token(std::string_view text) {
  constexpr std::string_view kMore = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMore.find(c) != kMore.npos;
  });
}

bool is_about_framing(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "keep-alive";
}

bool are_lines(std::string_view lines) {
  while (!lines.empty()) {
    size_t end = lines.find("\r\n"), colon = lines.find(": ");
    if (end == lines.npos || colon == lines.npos || colon > end) return false;
    std::string_view name = lines.substr(0, colon), value = lines.substr(colon + 2, end - colon - 2);
    bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      uint8_t code = static_cast<uint8_t>(c);
      return code == '\t' || (code >= 0x20 && code != 0x7f);
    });
    if (!is_token(name) || is_about_framing(name) || !clean) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

// A request may be answered that the reactor has parsed and that is no refused one: of a refused connection the last
// is.
bool can_be_answered(const Connection& connection, uint32_t sequence) {
  uint32_t refused = connection.stage >= reactor::Stage::refused ? 1 : 0;
  return uint64_t{sequence} + refused < connection.unanswered.total();
}

Expected server_error() {
  Expected expected;
  expected.status = 500;
  expected.close = true;
  expected.body = "Internal Server Error";
  return expected;
}

bool makes_sense(const Record& record, const Replies& replies) {
  if (record[layout::kReplyKind] != layout::kReplyAnswer) return false;
  if (record[layout::kReplyStatus] < 200 || record[layout::kReplyStatus] > 999) return false;
  if ((record[layout::kReplyFlags] & layout::kContentTypeMask) > layout::kContentTypeHtml) return false;
  uint32_t fields_at = record[layout::kReplyFieldsOffset], fields_size = record[layout::kReplyFieldsLength];
  if (!is_inside(fields_at, fields_size)) return false;
  if (!are_lines({replies.block->bytes + fields_at, fields_size})) return false;
  uint32_t body_at = record[layout::kReplyBodyOffset], body_size = record[layout::kReplyBodyLength];
  if (record.has(layout::kFlagReplyBodyByReference)) return body_at < replies.bodies.size();
  return record.has(layout::kFlagReplyLengthOnly) || is_inside(body_at, body_size);
}

Expected read(const Record& record, const Replies& replies) {
  Expected expected;
  uint32_t body_at = record[layout::kReplyBodyOffset], body_size = record[layout::kReplyBodyLength];
  expected.status = static_cast<uint16_t>(record[layout::kReplyStatus]);
  expected.close = record.has(layout::kFlagReplyClose);
  expected.dated = record.has(layout::kFlagReplyDated);
  expected.fields.assign(replies.block->bytes + record[layout::kReplyFieldsOffset], record[layout::kReplyFieldsLength]);
  expected.length = body_size;
  if (record.has(layout::kFlagReplyBodyByReference)) {
    net::Slice held = replies.bodies[body_at].bytes;
    expected.body.assign(held.data, held.size);
    expected.length = held.size;
  } else if (!record.has(layout::kFlagReplyLengthOnly)) {
    expected.body.assign(replies.block->bytes + body_at, body_size);
  }
  return expected;
}

// RFC 9110, 6.4.1 and 8.6: to HEAD, and with 204 and 304, no content; and where none follows, the length that there
// would have been, but never with 204. A 205 says that it has none (15.3.6).
void make_silent_where_due(Expected& expected, bool to_head, bool length_only) {
  bool is_204 = expected.status == 204, is_205 = expected.status == 205, is_304 = expected.status == 304;
  if (length_only && !to_head && !is_304) expected.length = expected.body.size();
  if (is_205) expected.length = 0;
  if (to_head || is_204 || is_205 || is_304) expected.body.clear();
  expected.length_said = !is_204 && (!is_304 || length_only);
}

}  // namespace

void expect_replies(const Replies& replies, const reactor::Inspection& reactor, std::vector<Transcript>& transcripts) {
  std::set<uint32_t> named;  // bodies; only one reply can have each
  uint64_t end = std::min<uint64_t>(replies.block->words[layout::kRepliesEnd], layout::kBlockWords);
  for (uint64_t at = layout::kRepliesFirst; at + layout::kReplyWords <= end; at += layout::kReplyWords) {
    Record record = {replies.block->words + at};
    const Connection* connection =
        reactor.connections().find({record[layout::kReplySlot], record[layout::kReplyGeneration]});
    uint32_t sequence = record[layout::kReplySequence];
    if (!connection || !can_be_answered(*connection, sequence)) continue;
    Transcript& transcript = transcripts[connection->peer.port];
    if (transcript.expects(sequence)) continue;
    bool sensible = makes_sense(record, replies);
    Expected expected = sensible ? read(record, replies) : server_error();
    expected.to_head = connection->unanswered.is_head(sequence);
    if (!sensible) expected.length = expected.body.size();
    bool by_reference = sensible && record.has(layout::kFlagReplyBodyByReference);
    bool length_only = sensible && record.has(layout::kFlagReplyLengthOnly) && !by_reference;
    make_silent_where_due(expected, expected.to_head, length_only);
    if (by_reference) {
      expected.by_reference = true;
      expected.may_be_refused = !named.insert(record[layout::kReplyBodyOffset]).second;
    }
    transcript.expect(sequence, std::move(expected));
  }
}

}  // namespace brink::fuzz
