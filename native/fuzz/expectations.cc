#include "fuzz/expectations.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace brink::fuzz {
namespace {

using reactor::Connection;
using reactor::Replies;

constexpr uint64_t kMostLength = uint64_t{1} << 53;

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

// Bytes of a body as a reply names them, wherever they lie.
struct Given {
  bool makes_sense = true;
  bool by_reference = false;
  bool may_be_gone = false;  // another reply in the block names the same
  bool may_be_short = false;
  std::shared_ptr<const bool> has_changed;  // while it was lent, or null
  std::string bytes;
};

class Reading {
 public:
  Reading(const Replies& replies, const reactor::Inspection& reactor, std::deque<Conversation>& conversations)
      : replies_(replies), reactor_(reactor), conversations_(conversations) {}

  void read(const Record& record);

 private:
  void read_answer(const Record& record, const Connection& connection, Conversation& with);
  void read_chunk(const Record& record, Expected& stream);
  void read_deadlines(const Record& record, const Connection& connection, Conversation& with);
  void read_take_over(const Record& record, const Connection& connection, Conversation& with);
  void read_take_over_of_begun(const Record& record, Conversation& with, Expected& begun);
  void read_end(const Record& record, Conversation& with);
  bool expect_raw_answer(const Record& record, Expected& expected);
  bool read_fields(const Record& record, std::string* fields, bool raw = false) const;
  Given read_body(const Record& record);
  Given read_held(const Record& record);
  bool expect_answer(const Record& record, const Connection& connection, Expected& expected);

  const Replies& replies_;
  const reactor::Inspection& reactor_;
  std::deque<Conversation>& conversations_;
  std::set<uint32_t> named_;  // bodies; only one reply can have each
};

void Reading::read(const Record& record) {
  const Connection* connection =
      reactor_.connections().find({record[layout::kReplySlot], record[layout::kReplyGeneration]});
  if (!connection) return;
  Conversation& with = conversations_[connection->peer.port];
  uint32_t sequence = record[layout::kReplySequence];
  Expected* begun = with.transcript.find(sequence);
  // A tunnel of which this side's end was said goes on with the client's, and can be broken off.
  bool goes_on = begun && !begun->aborted && (!begun->ended || begun->framing == Framing::raw);
  switch (record[layout::kReplyKind]) {
    case layout::kReplyChunk:
      if (goes_on) read_chunk(record, *begun);
      return with.transcript.catch_up();
    case layout::kReplyAbort:
      if (goes_on) begun->aborted = true;
      return;
    case layout::kReplyRead:
      with.hearing.asks_for_more(sequence, record[layout::kReplyBodyLength], reactor_.takes_any_upgrade());
      return;
    case layout::kReplyDeadlines:
      return read_deadlines(record, *connection, with);
    case layout::kReplyTakeOver:
      if (goes_on) return read_take_over_of_begun(record, with, *begun);
      break;
    case layout::kReplyEndConnection:
      if ((record[layout::kReplyStatus] & 0xffff) <= layout::kEndByReset) return read_end(record, with);
      break;
    default:
      break;
  }
  if (!can_be_answered(*connection, sequence) || with.transcript.find(sequence)) return;
  if (with.last_sent_ms == 0) with.last_sent_ms = FakeKernel::current().now_ms();
  if (record[layout::kReplyKind] == layout::kReplyTakeOver) return read_take_over(record, *connection, with);
  read_answer(record, *connection, with);
}

Expected server_error() {
  Expected expected;
  expected.status = 500;
  expected.close = true;
  expected.body = "Internal Server Error";
  expected.length = expected.body.size();
  return expected;
}

// RFC 9110, 6.4.1 and 8.6: to HEAD, and with 204, 205 and 304, no content; and where none follows, the length that
// there would have been, but never with 204, and 0 with 205.
void make_silent_where_due(Expected& expected, bool length_only) {
  bool is_204 = expected.status == 204, is_205 = expected.status == 205, is_304 = expected.status == 304;
  if (length_only && !expected.to_head && !is_304) expected.length = expected.body.size();
  bool is_silent = expected.to_head || is_204 || is_205 || is_304;
  if (is_silent) {
    expected.body.clear();
    expected.lent_up_to.clear();
    expected.framing = Framing::none;
    expected.may_break = false;
  }
  bool may_differ_from_get = expected.to_head && expected.length == 0 && !length_only;
  bool length_known = (expected.ended || expected.sized) && !may_differ_from_get;
  if (is_205) expected.length = 0;
  expected.length_said = is_205 || (!is_204 && length_known && (!is_304 || length_only));
}

void Reading::read_end(const Record& record, Conversation& with) {
  with.give_up();
  // Which other replies have named then.
  read_body(record);
}

// A raw one of a client that offers something may become a tunnel. Of others only the reactor knows; and what goes on
// otherwise is broken off.
void Reading::read_take_over_of_begun(const Record& record, Conversation& with, Expected& begun) {
  if (begun.framing == Framing::raw) return;
  if (begun.framing != Framing::as_given) {
    begun.aborted = true;
  } else if (with.hearing.offers_upgrade(record[layout::kReplySequence])) {
    with.hearing.takes_over(record[layout::kReplySequence]);
    with.transcript.becomes_tunnel(begun);
  } else {
    with.give_up();
  }
}

bool Reading::expect_raw_answer(const Record& record, Expected& expected) {
  if (!read_fields(record, &expected.body, true)) return false;
  expected.framing = Framing::as_given;
  expected.close = record.has(layout::kFlagReplyClose);
  expected.ended = !record.has(layout::kFlagReplyStream);
  Given given = read_body(record);
  expected.body += given.bytes;
  expected.may_be_refused = given.may_be_gone;
  expected.may_break = given.may_be_short;
  if (given.by_reference) expected.lent_up_to.push_back(expected.body.size());
  if (given.has_changed) expected.lent_has_changed.push_back(given.has_changed);
  expected.given_has_changed = std::move(given.has_changed);
  if (!expected.ended && record.has(layout::kFlagChunkAsks)) {
    expected.asks = true;
    expected.times_asked++;
  }
  return given.makes_sense;
}

void Reading::read_answer(const Record& record, const Connection& connection, Conversation& with) {
  Expected expected;
  bool is_raw = record[layout::kReplyKind] == layout::kReplyAnswer && record.has(layout::kFlagReplyRaw);
  if (is_raw && expect_raw_answer(record, expected)) {
    // Whether it is refused, as another reply may have its body, shows when it arrives.
    if (expected.can_be_refused()) with.give_up();
    with.transcript.expect(record[layout::kReplySequence], std::move(expected));
    return;
  }
  expected = Expected();
  bool sensible =
      record[layout::kReplyKind] == layout::kReplyAnswer && !is_raw && expect_answer(record, connection, expected);
  if (!sensible) expected = server_error();
  uint32_t sequence = record[layout::kReplySequence];
  expected.to_head = connection.unanswered.is_head(sequence);
  bool length_only = sensible && record.has(layout::kFlagReplyLengthOnly) &&
                     !record.has(layout::kFlagReplyBodyByReference) && !record.has(layout::kFlagReplyStream);
  make_silent_where_due(expected, length_only);
  with.transcript.expect(sequence, std::move(expected));
}

// False when the reply makes no sense.
bool Reading::expect_answer(const Record& record, const Connection& connection, Expected& expected) {
  uint32_t status = record[layout::kReplyStatus] & 0xffff;
  if (status < 200 || status > 999) return false;
  if ((record[layout::kReplyFlags] & layout::kContentTypeMask) > layout::kContentTypeHtml) return false;
  if (!read_fields(record, &expected.fields)) return false;
  expected.status = static_cast<uint16_t>(status);
  expected.close = record.has(layout::kFlagReplyClose);
  expected.dated = record.has(layout::kFlagReplyDated);
  bool by_reference = record.has(layout::kFlagReplyBodyByReference);
  bool streams = record.has(layout::kFlagReplyStream) && !by_reference;
  bool sized = streams && record.has(layout::kFlagReplySized);
  bool length_only = record.has(layout::kFlagReplyLengthOnly) && !by_reference && !streams;
  uint64_t said = (uint64_t{record[layout::kReplyBodyOffset]} << 32) | record[layout::kReplyBodyLength];
  expected.ended = !streams;
  expected.sized = sized;
  if (sized || length_only) {
    expected.length = expected.may_follow = said;
    return said <= kMostLength;
  }
  if (streams) {
    bool knows_chunks = !connection.unanswered.is_http_1_0(record[layout::kReplySequence]);
    expected.framing = knows_chunks ? Framing::chunked : Framing::to_the_close;
    bool has_content = status != 204 && status != 205 && status != 304 &&
                       !connection.unanswered.is_head(record[layout::kReplySequence]);
    expected.close |= !knows_chunks && has_content;
    return true;
  }
  Given given = read_body(record);
  expected.body = std::move(given.bytes);
  expected.length = expected.body.size();
  expected.may_be_refused = given.may_be_gone;
  expected.may_break = given.may_be_short;
  if (given.by_reference) expected.lent_up_to.push_back(expected.body.size());
  if (given.has_changed) expected.lent_has_changed.push_back(given.has_changed);
  expected.given_has_changed = std::move(given.has_changed);
  return given.makes_sense;
}

void Reading::read_deadlines(const Record& record, const Connection& connection, Conversation& with) {
  uint32_t sequence = record[layout::kReplySequence];
  if (sequence - connection.unanswered.first() >= connection.unanswered.count()) return;
  OwnDeadlines& own = with.deadlines[sequence];
  own.request_ms.push_back(record[layout::kDeadlinesRequest]);
  own.write_ms.push_back(record[layout::kDeadlinesWrite]);
  // They come too late when the answer stands before them in the block.
  if (!with.transcript.find(sequence)) return;
  own.request_ms.push_back(0);
  own.write_ms.push_back(0);
}

void Reading::read_take_over(const Record& record, const Connection& connection, Conversation& with) {
  uint32_t sequence = record[layout::kReplySequence];
  Expected expected;
  if (!with.hearing.offers_upgrade(sequence) && reactor_.takes_any_upgrade()) {
    // Only the reactor knows whether it is due.
    with.give_up();
  }
  if (with.hearing.offers_upgrade(sequence)) {
    with.hearing.takes_over(sequence);
    expected.framing = Framing::raw;
    expected.ended = false;
  } else {
    expected = server_error();
    expected.to_head = connection.unanswered.is_head(sequence);
    make_silent_where_due(expected, false);
  }
  with.transcript.expect(sequence, std::move(expected));
}

void Reading::read_chunk(const Record& record, Expected& stream) {
  std::string trailers;
  Given given;
  bool takes_raw = stream.framing == Framing::as_given || stream.framing == Framing::raw;
  bool is_raw = record.has(layout::kFlagReplyRaw);
  if (read_fields(record, &trailers, is_raw) && (takes_raw || !is_raw)) {
    given = read_body(record);
  } else {
    given.makes_sense = false;
  }
  bool ends = record.has(layout::kFlagChunkEnd);
  bool is_sized = stream.framing == Framing::length;
  bool disagrees =
      is_sized && (given.bytes.size() > stream.may_follow || (ends && given.bytes.size() < stream.may_follow));
  // Half of a body is worse than none.
  if (!given.makes_sense || disagrees) {
    stream.aborted = true;
    return;
  }
  // It is looked at in any case, also where nothing of it would be sent.
  if (given.has_changed) stream.lent_has_changed.push_back(given.has_changed);
  if (stream.ended) return;
  stream.may_break |= given.may_be_gone;
  if (takes_raw) stream.body += trailers;
  if (stream.framing == Framing::as_given && ends) stream.close |= record.has(layout::kFlagReplyClose);
  if (record.has(layout::kFlagChunkAsks)) {
    stream.asks = true;
    stream.times_asked++;
  }
  if (stream.has_body() && !given.bytes.empty()) {
    stream.may_break |= given.may_be_short;
    stream.may_follow -= is_sized ? given.bytes.size() : 0;
    stream.body += given.bytes;
    stream.pieces++;
    if (given.by_reference) stream.lent_up_to.push_back(stream.body.size());
  }
  stream.ended = ends;
  if (ends && stream.framing == Framing::chunked) stream.trailers = std::move(trailers);
}

bool Reading::read_fields(const Record& record, std::string* fields, bool raw) const {
  uint32_t at = record[layout::kReplyFieldsOffset], size = record[layout::kReplyFieldsLength];
  if (size == 0) return true;
  if (!is_inside(at, size)) return false;
  fields->assign(replies_.block->bytes + at, size);
  return raw || are_lines(*fields);
}

Given Reading::read_body(const Record& record) {
  if (record.has(layout::kFlagReplyBodyByReference)) return read_held(record);
  Given given;
  uint32_t at = record[layout::kReplyBodyOffset], size = record[layout::kReplyBodyLength];
  given.makes_sense = is_inside(at, size);
  if (given.makes_sense) given.bytes.assign(replies_.block->bytes + at, size);
  return given;
}

Given Reading::read_held(const Record& record) {
  Given given;
  uint32_t place = record[layout::kReplyBodyOffset];
  given.makes_sense = place < replies_.bodies.size() && replies_.bodies[place].is_given();
  if (!given.makes_sense) return given;
  const net::HeldBytes& held = replies_.bodies[place];
  given.by_reference = true;
  given.may_be_gone = !named_.insert(place).second;
  if (!held.file) {
    net::Slice bytes = ReplyBlock::peek(held);
    given.makes_sense = bytes.size == held.length;
    given.bytes.assign(bytes.data, bytes.size);
    given.has_changed = ReplyBlock::has_changed(held);
    return given;
  }
  for (uint64_t at = 0; at < held.file_length; at++)
    given.bytes.push_back(FakeKernel::file_byte(held.file_offset + at));
  given.may_be_short = held.file_offset + held.file_length > held.file->facts().size;
  return given;
}

}  // namespace

void expect_replies(const Replies& replies, const reactor::Inspection& reactor,
                    std::deque<Conversation>& conversations) {
  Reading reading(replies, reactor, conversations);
  uint64_t end = std::min<uint64_t>(replies.block->words[layout::kRepliesEnd], layout::kBlockWords);
  for (uint64_t at = layout::kRepliesFirst; at + layout::kReplyWords <= end; at += layout::kReplyWords) {
    reading.read({replies.block->words + at});
  }
}

}  // namespace brink::fuzz
