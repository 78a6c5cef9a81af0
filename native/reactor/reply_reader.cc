#include "reactor/reply_reader.h"

#include <algorithm>
#include <utility>

#include "http/response_head.h"

namespace brink::reactor {
namespace {

// Far above what anybody sends, far below what sums of lengths could overflow with.
constexpr uint64_t kMostLength = uint64_t{1} << 53;

bool lies_in_block(uint32_t offset, uint32_t length) {
  return offset <= layout::kBlockBytes && length <= layout::kBlockBytes - offset;
}

}  // namespace

ReplyReader::ReplyReader(Replies& replies) : replies_(replies), at_(layout::kRepliesFirst) {
  end_ = std::min<size_t>(replies.block->words[layout::kRepliesEnd], layout::kBlockWords);
}

ReplyReader::Found ReplyReader::next(Reply* reply) {
  if (at_ + layout::kReplyWords > end_) return Found::end;
  const uint32_t* words = replies_.block->words + at_;
  at_ += layout::kReplyWords;
  *reply = Reply{};
  reply->id = {words[layout::kReplySlot], words[layout::kReplyGeneration]};
  reply->sequence = words[layout::kReplySequence];
  uint32_t flags = words[layout::kReplyFlags], status = words[layout::kReplyStatus] & 0xffff;
  reply->route = static_cast<uint16_t>(words[layout::kReplyStatus] >> 16);
  reply->raw = (flags & layout::kFlagReplyRaw) != 0;
  reply->close = (flags & layout::kFlagReplyClose) != 0;
  switch (words[layout::kReplyKind]) {
    case layout::kReplyAnswer:
      break;
    case layout::kReplyChunk:
      // Half of a body is worse than none: what cannot be sent breaks the connection. A chunk is always there itself,
      // whatever it says about lengths.
      flags &= ~(layout::kFlagReplyStream | layout::kFlagReplySized | layout::kFlagReplyLengthOnly);
      reply->asks = (flags & layout::kFlagChunkAsks) != 0;
      reply->ends = (flags & layout::kFlagChunkEnd) != 0;
      reply->kind = read_body(words, flags, reply) ? Reply::Kind::chunk : Reply::Kind::abort;
      return Found::reply;
    case layout::kReplyAbort:
      reply->kind = Reply::Kind::abort;
      return Found::reply;
    case layout::kReplyRead:
      reply->kind = Reply::Kind::read;
      reply->body_length = words[layout::kReplyBodyLength];
      return Found::reply;
    case layout::kReplyTakeOver:
      reply->kind = Reply::Kind::take_over;
      return Found::reply;
    case layout::kReplyDeadlines:
      reply->kind = Reply::Kind::deadlines;
      reply->deadlines = {words[layout::kDeadlinesRequest], words[layout::kDeadlinesWrite],
                          words[layout::kDeadlinesRate]};
      return Found::reply;
    case layout::kReplyEndConnection:
      static_assert(layout::kEndInOrder == 0 && layout::kEndAtOnce == 1 && layout::kEndByReset == 2);
      if (status > layout::kEndByReset) return Found::invalid;
      reply->kind = Reply::Kind::end_connection;
      reply->ending = static_cast<Ending>(status);
      reply->raw = true;
      // The client must not take for whole what cannot be sent.
      if (!read_body(words, flags & ~layout::kFlagReplyStream, reply)) {
        reply->fields = reply->body = {nullptr, 0};
        reply->held = nullptr;
        reply->ending = Ending::by_reset;
      }
      return Found::reply;
    default:
      return Found::invalid;
  }
  if (reply->raw) {
    reply->kind = Reply::Kind::answer;
    reply->plain = flags == layout::kFlagReplyRaw;
    reply->asks = (flags & layout::kFlagChunkAsks) != 0;
    return read_body(words, flags, reply) ? Found::reply : Found::invalid;
  }
  uint32_t type = flags & layout::kContentTypeMask;
  if (status < 200 || status > 999 || type >= http::kContentTypes || !read_body(words, flags, reply)) {
    return Found::invalid;
  }
  reply->kind = Reply::Kind::answer;
  reply->status = static_cast<uint16_t>(status);
  reply->content_type = static_cast<uint8_t>(type);
  reply->plain = status == 200 && flags == type;
  reply->dated = (flags & layout::kFlagReplyDated) != 0;
  return Found::reply;
}

bool ReplyReader::read_body(const uint32_t* words, uint32_t flags, Reply* reply) {
  uint32_t fields_at = words[layout::kReplyFieldsOffset], fields_size = words[layout::kReplyFieldsLength];
  if (fields_size > 0) {
    if (!lies_in_block(fields_at, fields_size)) return false;
    reply->fields = {replies_.block->bytes + fields_at, fields_size};
    if (!reply->raw && !http::are_field_lines(reply->fields)) return false;
  }
  constexpr uint32_t kOtherBodies = layout::kFlagReplyBodyByReference | layout::kFlagReplyStream |
                                    layout::kFlagReplyWhole | layout::kFlagReplySized | layout::kFlagReplyLengthOnly;
  return (flags & kOtherBodies) == 0 ? read_body_in_block(words, reply) : read_other_body(words, flags, reply);
}

bool ReplyReader::read_body_in_block(const uint32_t* words, Reply* reply) {
  uint32_t offset = words[layout::kReplyBodyOffset], size = words[layout::kReplyBodyLength];
  if (!lies_in_block(offset, size)) return false;
  reply->body_length = size;
  reply->body = {replies_.block->bytes + offset, size};
  return true;
}

bool ReplyReader::read_other_body(const uint32_t* words, uint32_t flags, Reply* reply) {
  uint32_t body_at = words[layout::kReplyBodyOffset], body_size = words[layout::kReplyBodyLength];
  bool by_reference = (flags & layout::kFlagReplyBodyByReference) != 0;
  // A body that is there is sent: to say another length would break the framing.
  reply->streams = (flags & layout::kFlagReplyStream) != 0 && (!by_reference || reply->raw);
  reply->whole = (flags & layout::kFlagReplyWhole) != 0;
  if (!reply->raw) {
    reply->sized = reply->streams && (flags & layout::kFlagReplySized) != 0;
    reply->length_only = (flags & layout::kFlagReplyLengthOnly) != 0 && !by_reference && !reply->streams;
    if (reply->sized || reply->length_only) {
      reply->body_length = (uint64_t{body_at} << 32) | body_size;
      return reply->body_length <= kMostLength;
    }
    if (reply->streams) return true;
  }
  if (by_reference) {
    // One that another reply took is not there any more.
    if (body_at >= replies_.bodies.size() || !replies_.bodies[body_at].is_given()) return false;
    net::Slice bytes;
    reply->held = &replies_.bodies[body_at];
    reply->has_changed = reply->held->holder && !reply->held->find(&bytes);
    if (reply->has_changed) return false;
    reply->body_length = reply->held->size();
    // Of an empty one nothing is sent: it is taken, and like none.
    if (reply->body_length == 0) *std::exchange(reply->held, nullptr) = {};
    return reply->body_length <= kMostLength;
  }
  return read_body_in_block(words, reply);
}

}  // namespace brink::reactor
