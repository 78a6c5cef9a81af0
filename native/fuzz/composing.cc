// The application's part that makes replies: of each kind one, sensible or not.
#include <algorithm>
#include <string>

#include "fuzz/application.h"

namespace brink::fuzz {
namespace {

constexpr size_t kLong = 48;  // of a long answer, pieces or times the size

}  // namespace

// Whoever looks on remembers every answer whole.
size_t Application::affordable(ReplyKind kind, size_t size) {
  constexpr size_t kMostGiven = 128 * 1024 * 1024;
  size_t times = kind == ReplyKind::long_file || kind == ReplyKind::stream_of_references ? kLong : 1;
  if (given_ + times * size > kMostGiven) size = std::min<size_t>(size, 100);
  given_ += times * size;
  return size;
}

void Application::compose(const Request& to, ReplyKind kind, size_t size) {
  size = affordable(kind, size);
  if (kind >= ReplyKind::stream && kind <= ReplyKind::take_over) return compose_stream(to, kind, size);
  if (kind >= ReplyKind::raw) return compose_raw(to, kind, size);
  compose_text(to, kind, size);
}

void Application::compose_raw(const Request& to, ReplyKind kind, size_t size) {
  std::string head = "raw " + std::to_string(++serial_) + "\r\nwithout any rule ";
  replies_.make_room(head.size() + size);
  ReplyWords reply;
  bool streams = kind >= ReplyKind::raw_stream;
  reply.status = 0;
  reply.flags = layout::kFlagReplyRaw | (streams ? layout::kFlagReplyStream : 0u);
  if (kind == ReplyKind::raw_that_closes) reply.flags |= layout::kFlagReplyClose;
  if (kind == ReplyKind::raw_stream_that_asks) reply.flags |= layout::kFlagChunkAsks;
  if (size & 1) {
    reply.fields_at = replies_.put_bytes(head);
    reply.fields_size = static_cast<uint32_t>(head.size());
  }
  if (kind == ReplyKind::raw_by_reference) {
    reply.flags |= layout::kFlagReplyBodyByReference;
    reply.body_at = replies_.lend_pattern(size);
  } else if (size > 1) {
    reply.body_at = replies_.put_bytes(std::string(size, '.'));
    reply.body_size = static_cast<uint32_t>(size);
  }
  replies_.put(to.to, reply);
  switch (kind) {
    case ReplyKind::raw_stream:
      streams_.push_back({to.to, size});
      return;
    case ReplyKind::raw_stream_that_asks:
      streams_.push_back({to.to, size, 5});
      return;
    case ReplyKind::raw_whole_stream:
      chunk(to.to, head, 0);
      return chunk(to.to, head, layout::kFlagChunkEnd | (size & 2 ? layout::kFlagReplyClose : 0u), size & 4);
    case ReplyKind::raw_stream_that_takes_over:
      say(to.to, layout::kReplyTakeOver);
      streams_.push_back({to.to, size, 0, size < 128});
      return;
    default:
      return;
  }
}

void Application::compose_stream(const Request& to, ReplyKind kind, size_t size) {
  bool sized = kind == ReplyKind::sized_stream || kind == ReplyKind::whole_sized_stream ||
               kind == ReplyKind::stream_with_too_little || kind == ReplyKind::stream_with_too_much;
  std::string piece = "piece " + std::to_string(++serial_) + ' ';
  piece.resize(std::max(piece.size(), size), '.');
  if (kind == ReplyKind::take_over) {
    say(to.to, layout::kReplyTakeOver);
    chunk(to.to, "HTTP/1.1 101 Switching Protocols\r\n\r\n", 0);
    streams_.push_back({to.to, size, 0, size < 128});
    return;
  }
  head_of_stream(to.to, 2 * piece.size(), sized);
  switch (kind) {
    case ReplyKind::stream:
    case ReplyKind::sized_stream:
      streams_.push_back({to.to, size});
      return;
    case ReplyKind::stream_that_asks:
      streams_.push_back({to.to, size, 5});
      return chunk(to.to, piece, layout::kFlagChunkAsks);
    case ReplyKind::stream_of_references:
      for (size_t i = 1; i < kLong; i++) chunk(to.to, piece, 0, true);
      return chunk(to.to, piece, layout::kFlagChunkEnd, true);
    case ReplyKind::echo:
      chunk(to.to, to.body, to.body_comes ? 0u : layout::kFlagChunkEnd);
      if (to.body_comes) streams_.push_back({to.to, size, 0, true});
      return;
    case ReplyKind::stream_with_too_little:
      return chunk(to.to, piece, layout::kFlagChunkEnd);
    case ReplyKind::stream_with_too_much:
      chunk(to.to, piece + piece, 0);
      return chunk(to.to, piece, layout::kFlagChunkEnd);
    default:
      chunk(to.to, piece, 0);
      return chunk(to.to, piece, layout::kFlagChunkEnd, size & 1);
  }
}

void Application::head_of_stream(const Recipient& to, uint64_t size, bool sized) {
  replies_.make_room(0);
  ReplyWords reply;
  reply.flags |= layout::kFlagReplyStream;
  if (sized) reply.flags |= layout::kFlagReplySized;
  if (sized) reply.body_size = static_cast<uint32_t>(size);
  replies_.put(to, reply);
}

void Application::chunk(const Recipient& to, const std::string& bytes, uint32_t flags, bool by_reference) {
  replies_.make_room(bytes.size());
  ReplyWords reply;
  reply.kind = layout::kReplyChunk;
  reply.flags = flags;
  if (by_reference) {
    reply.flags |= layout::kFlagReplyBodyByReference;
    reply.body_at = replies_.lend(bytes);
  } else {
    reply.body_at = replies_.put_bytes(bytes);
    reply.body_size = static_cast<uint32_t>(bytes.size());
  }
  replies_.put(to, reply);
}

void Application::say(const Recipient& to, uint32_t kind, uint32_t length) {
  replies_.make_room(0);
  ReplyWords reply;
  reply.kind = kind;
  reply.body_size = length;
  replies_.put(to, reply);
}

void Application::compose_text(const Request& to, ReplyKind kind, size_t size) {
  replies_.make_room(2 * std::max<size_t>(size, 100) + 200);
  ReplyWords reply;
  set_body(to, kind, size, &reply);
  auto set_fields = [&](const std::string& lines) {
    reply.fields_at = replies_.put_bytes(lines);
    reply.fields_size = static_cast<uint32_t>(lines.size());
  };
  switch (kind) {
    case ReplyKind::close:
      reply.flags |= layout::kFlagReplyClose;
      break;
    case ReplyKind::no_content:
      reply.status = 204;
      break;
    case ReplyKind::not_modified:
      reply.status = 304;
      break;
    case ReplyKind::fields:
      set_fields("X-Answer: " + std::string(size, 'a') + "\r\nETag: \"1\"\r\n");
      break;
    case ReplyKind::dated:
      set_fields("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
      reply.flags |= layout::kFlagReplyDated;
      break;
    case ReplyKind::length_only:
      reply.flags |= layout::kFlagReplyLengthOnly;
      reply.body_size = 0xffffffff;
      break;
    case ReplyKind::any_status:
      reply.status = 200 + static_cast<uint32_t>(size) % 800;
      break;
    case ReplyKind::invalid_status:
      reply.status = static_cast<uint32_t>(size) % 200;
      break;
    case ReplyKind::invalid_fields:
      set_fields("X-Answer: a\r\n\r\nHTTP/1.1 200 OK\r\n");
      break;
    case ReplyKind::framing_fields:
      set_fields("content-LENGTH: 1\r\n");
      break;
    case ReplyKind::outside_the_block:
      reply.body_at = layout::kBlockBytes - static_cast<uint32_t>(size);
      break;
    case ReplyKind::unknown_kind:
      reply.kind = 31;
      break;
    default:
      break;
  }
  replies_.put(to.to, reply);
}

void Application::set_body(const Request& to, ReplyKind kind, size_t size, ReplyWords* reply) {
  switch (kind) {
    case ReplyKind::empty:
      return;
    case ReplyKind::by_reference:
      reply->body_at = replies_.lend_pattern(size);
      break;
    case ReplyKind::same_body_twice:
      reply->body_at = replies_.lent() > 0 ? replies_.lent() - 1 : replies_.lend_pattern(size);
      break;
    case ReplyKind::unknown_body:
      reply->body_at = 1000;
      break;
    case ReplyKind::file:
      reply->body_at = replies_.lend_file(2 * size, size / 2, size);
      break;
    case ReplyKind::short_file:
      reply->body_at = replies_.lend_file(size / 2, 0, size);
      break;
    case ReplyKind::long_file:
      // More than is sent at a time.
      reply->body_at = replies_.lend_file((kLong + 16) * size, 0, kLong * size);
      break;
    default: {
      std::string text = "answer " + std::to_string(++serial_) + " to request " + std::to_string(to.to.sequence) +
                         " of " + std::to_string(to.client);
      text.resize(std::max(text.size(), size), '.');
      reply->body_at = replies_.put_bytes(text);
      reply->body_size = static_cast<uint32_t>(text.size());
      return;
    }
  }
  reply->flags |= layout::kFlagReplyBodyByReference;
}

}  // namespace brink::fuzz
