#include "reactor/reply_reader.h"

#include <algorithm>

#include "http/response_head.h"

namespace brink::reactor {
namespace {

bool lies_in_block(uint32_t offset, uint32_t length) {
  return offset <= layout::kBlockBytes && length <= layout::kBlockBytes - offset;
}

}  // namespace

ReplyReader::ReplyReader(Replies& replies) : replies_(replies), at_(layout::kRepliesFirst) {
  end_ = std::min<size_t>(replies.block->words[layout::kRepliesEnd], layout::kBlockWords);
}

ReplyReader::Found ReplyReader::next(Answer* answer) {
  if (at_ + layout::kReplyWords > end_) return Found::end;
  const uint32_t* words = replies_.block->words + at_;
  const char* bytes = replies_.block->bytes;
  at_ += layout::kReplyWords;
  uint32_t flags = words[layout::kReplyFlags], status = words[layout::kReplyStatus];
  uint32_t fields_at = words[layout::kReplyFieldsOffset], fields_size = words[layout::kReplyFieldsLength];
  uint32_t body_at = words[layout::kReplyBodyOffset], body_size = words[layout::kReplyBodyLength];
  bool by_reference = (flags & layout::kFlagReplyBodyByReference) != 0;
  // A body that is there is sent: to say another length would break the framing.
  bool length_only = (flags & layout::kFlagReplyLengthOnly) != 0 && !by_reference;
  uint32_t type = flags & layout::kContentTypeMask;
  answer->id = {words[layout::kReplySlot], words[layout::kReplyGeneration]};
  answer->sequence = words[layout::kReplySequence];
  if (words[layout::kReplyKind] != layout::kReplyAnswer || status < 200 || status > 999 ||
      type >= http::kContentTypes || !lies_in_block(fields_at, fields_size)) {
    return Found::invalid;
  }
  answer->status = static_cast<uint16_t>(status);
  answer->content_type = static_cast<uint8_t>(type);
  answer->close = (flags & layout::kFlagReplyClose) != 0;
  answer->dated = (flags & layout::kFlagReplyDated) != 0;
  answer->length_only = length_only;
  answer->fields = {bytes + fields_at, fields_size};
  answer->body = {nullptr, 0};
  answer->body_length = body_size;
  answer->held = nullptr;
  if (by_reference) {
    // One that another reply took has no holder any more.
    if (body_at >= replies_.bodies.size() || !replies_.bodies[body_at].holder) return Found::invalid;
    answer->held = &replies_.bodies[body_at];
    answer->body_length = answer->held->bytes.size;
  } else if (!length_only) {
    if (!lies_in_block(body_at, body_size)) return Found::invalid;
    answer->body = {bytes + body_at, body_size};
  }
  if (!http::are_field_lines(answer->fields)) return Found::invalid;
  return Found::answer;
}

}  // namespace brink::reactor
