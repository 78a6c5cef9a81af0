#include "reactor/event_writer.h"

#include <cstring>
#include <utility>

namespace brink::reactor {
namespace {

// A gathered body up to this size is copied into the block; a larger one crosses by reference.
constexpr size_t kCopiedBody = 16 * 1024;

// A read needs space for what was kept of a head before it, for itself, and for a head and body that it completes.
constexpr size_t kRoomForRead = http::kMostHeaderBytes + kReadBytes + http::kMostHeaderBytes + kCopiedBody;
static_assert(kRoomForRead * 2 < layout::kBlockBytes, "a block holds several reads");
static_assert(layout::kRequestFields + 2 * http::kMostFields < layout::kBlockWords, "a block holds any request");

uint32_t word_of(http::Span span) { return span.offset | (uint32_t{span.length} << 16); }

}  // namespace

void EventWriter::begin(Block* block) {
  batch_.block = block;
  batch_.events = 0;
  words_used_ = bytes_used_ = 0;
}

bool EventWriter::has_room() const {
  return layout::kBlockBytes - bytes_used_ >= kRoomForRead && has_room_for_request();
}

bool EventWriter::has_room_for_request() const {
  return layout::kBlockWords - words_used_ >= layout::kRequestFields + 2 * size_t{most_fields_};
}

// Where the bytes lie in the block; bytes from elsewhere are copied in first.
size_t EventWriter::offset_in_block(net::Slice bytes) {
  char* begin = batch_.block->bytes;
  if (bytes.data >= begin && bytes.data < begin + layout::kBlockBytes) return static_cast<size_t>(bytes.data - begin);
  size_t offset = bytes_used_;
  if (bytes.size > 0) std::memcpy(begin + offset, bytes.data, bytes.size);
  bytes_used_ += bytes.size;
  return offset;
}

void EventWriter::put_request(ConnectionId id, uint32_t sequence, const net::Address& peer,
                              const http::Request& request) {
  const http::RequestHead& head = request.head;
  uint32_t* words = batch_.block->words + words_used_;
  uint32_t flags = (head.http_1_0 ? layout::kFlagHttp10 : 0) | (peer.is_ipv4 ? layout::kFlagIpv4 : 0) |
                   (head.has_body() ? layout::kFlagBody : 0);
  size_t body_at = 0;
  if (request.gathered_body && request.body.size > kCopiedBody) {
    flags |= layout::kFlagBodyByReference;
    body_at = batch_.bodies.size();
    batch_.bodies.push_back(std::move(*request.gathered_body));
  } else if (request.body.size > 0) {
    body_at = offset_in_block(request.body);
  }
  size_t word_count = layout::kRequestFields + 2 * head.fields.size();
  words[layout::kEventKind] = layout::kEventRequest;
  words[layout::kEventWords] = static_cast<uint32_t>(word_count);
  words[layout::kEventSlot] = id.slot;
  words[layout::kEventGeneration] = id.generation;
  words[layout::kRequestSequence] = sequence;
  words[layout::kRequestMethod] = head.method | (uint32_t{head.method_name.length} << 8);
  words[layout::kRequestFlags] = flags;
  words[layout::kRequestHeadOffset] = static_cast<uint32_t>(offset_in_block(request.head_bytes));
  words[layout::kRequestHeadLength] = static_cast<uint32_t>(request.head_bytes.size);
  words[layout::kRequestTarget] = word_of(head.target);
  words[layout::kRequestBodyOffset] = static_cast<uint32_t>(body_at);
  words[layout::kRequestBodyLength] = static_cast<uint32_t>(request.body.size);
  std::memcpy(words + layout::kRequestAddress, peer.bytes, sizeof peer.bytes);
  words[layout::kRequestPort] = peer.port;
  words[layout::kRequestFieldCount] = static_cast<uint32_t>(head.fields.size());
  uint32_t* field_words = words + layout::kRequestFields;
  for (const http::Field& field : head.fields) {
    *field_words++ = word_of(field.name);
    *field_words++ = word_of(field.value);
  }
  words_used_ += word_count;
  batch_.events++;
}

bool EventWriter::has_room_for_small_event() const {
  static_assert(layout::kNoticeWords <= layout::kClientErrorWords);
  return layout::kBlockWords - words_used_ >= layout::kClientErrorWords;
}

void EventWriter::put_notice(uint32_t code) {
  uint32_t* words = batch_.block->words + words_used_;
  words[layout::kEventKind] = layout::kEventNotice;
  words[layout::kEventWords] = layout::kNoticeWords;
  words[layout::kNoticeCode] = code;
  words_used_ += layout::kNoticeWords;
  batch_.events++;
}

void EventWriter::put_client_error(const ClientError& error) {
  uint32_t* words = batch_.block->words + words_used_;
  words[layout::kEventKind] = layout::kEventClientError;
  words[layout::kEventWords] = layout::kClientErrorWords;
  words[layout::kClientErrorRefusal] = static_cast<uint32_t>(error.refusal);
  words[layout::kClientErrorUntold] = error.untold_before;
  std::memcpy(words + layout::kClientErrorAddress, error.peer.bytes, sizeof error.peer.bytes);
  words[layout::kClientErrorPort] = error.peer.port;
  words[layout::kClientErrorFlags] = error.peer.is_ipv4 ? layout::kFlagIpv4 : 0;
  words_used_ += layout::kClientErrorWords;
  batch_.events++;
}

Batch EventWriter::take() { return std::exchange(batch_, Batch{}); }

}  // namespace brink::reactor
