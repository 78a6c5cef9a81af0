#include "reactor/event_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace brink::reactor {
namespace {

// A read needs space for what was kept before it, of a head or of trailers, for itself, and for all trailers that it
// holds: they are copied, and a line of them that is four bytes long, `a: CRLF` without the space, becomes one of five.
constexpr size_t kRoomForRead = http::kMostHeaderBytes + kReadBytes + kReadBytes * 5 / 4;
static_assert(kRoomForRead * 2 < layout::kBlockBytes, "a block holds several reads");
static_assert(layout::kRequestFields + 2 * http::kMostFields + layout::kPeerWords < layout::kBlockWords,
              "a block holds any request");

static_assert(http::kTraitHttp10 == layout::kFlagHttp10 && http::kTraitBody == layout::kFlagBody &&
                  http::kTraitExpectsContinue == layout::kFlagExpectsContinue &&
                  http::kTraitCloses == layout::kFlagCloses && http::kTraitChunked == layout::kFlagChunked &&
                  http::kTraitExpectsOther == layout::kFlagExpectsOther,
              "a head's traits are flags of the layout");

// Of the block, for a read: of a connection with TLS, its event comes before it.
constexpr size_t kWordsBesideFields = layout::kRequestFields + layout::kPeerWords + layout::kSecuredWords;

constexpr size_t kMostWordsOfSmallEvent =
    std::max({layout::kNoticeWords, layout::kBodyWords, layout::kGoneWords, layout::kDrainedWords,
              layout::kClientErrorWords, layout::kOpenedWords, layout::kClosedWords, layout::kRefusedWords});

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
  return layout::kBlockWords - words_used_ >= kWordsBesideFields + 2 * size_t{most_fields_};
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

uint32_t* EventWriter::begin_event(uint32_t kind, size_t word_count, ConnectionId id) {
  uint32_t* words = batch_.block->words + words_used_;
  words[layout::kEventKind] = kind;
  words[layout::kEventWords] = static_cast<uint32_t>(word_count);
  words[layout::kEventSlot] = id.slot;
  words[layout::kEventGeneration] = id.generation;
  words_used_ += word_count;
  batch_.events++;
  return words;
}

void EventWriter::put_request(ConnectionId id, uint32_t sequence, const net::Address& peer,
                              const http::Request& request, bool offers_upgrade) {
  const http::RequestHead& head = request.head;
  uint32_t* words = begin_event(layout::kEventRequest, layout::kRequestFields + 2 * head.fields.size(), id);
  uint32_t flags = head.traits | (peer.is_ipv4 ? layout::kFlagIpv4 : 0) |
                   (request.complete ? 0 : layout::kFlagBodyFollows) | (offers_upgrade ? layout::kFlagUpgrade : 0);
  words[layout::kRequestKnown] = request.known ? request.known->number : 0;
  if (request.known && std::exchange(request.known->is_new, false)) flags |= layout::kFlagNewlyKnown;
  words[layout::kRequestKnownFields] = request.known_fields ? request.known_fields->number : 0;
  if (request.known_fields && std::exchange(request.known_fields->is_new, false)) flags |= layout::kFlagNewlyKnown;
  words[layout::kRequestSequence] = sequence;
  words[layout::kRequestMethod] = head.method | (uint32_t{head.method_name.length} << 8);
  words[layout::kRequestFlags] = flags;
  words[layout::kRequestHeadOffset] = static_cast<uint32_t>(offset_in_block(request.head_bytes));
  words[layout::kRequestHeadLength] = static_cast<uint32_t>(request.head_bytes.size);
  words[layout::kRequestTarget] = word_of(head.target);
  words[layout::kRequestBodyOffset] = request.body.size > 0 ? static_cast<uint32_t>(offset_in_block(request.body)) : 0;
  words[layout::kRequestBodyLength] = static_cast<uint32_t>(request.body.size);
  std::memcpy(words + layout::kRequestAddress, peer.bytes, sizeof peer.bytes);
  words[layout::kRequestPort] = peer.port;
  words[layout::kRequestFieldCount] = static_cast<uint32_t>(head.fields.size());
  words[layout::kRequestAnnouncedLow] = static_cast<uint32_t>(head.content_length);
  words[layout::kRequestAnnouncedHigh] = static_cast<uint32_t>(head.content_length >> 32);
  words[layout::kRequestTrailersOffset] =
      request.trailers.size > 0 ? static_cast<uint32_t>(offset_in_block(request.trailers)) : 0;
  words[layout::kRequestTrailersLength] = static_cast<uint32_t>(request.trailers.size);
  uint32_t* field_words = words + layout::kRequestFields;
  for (const http::Field& field : head.fields) {
    *field_words++ = word_of(field.name);
    *field_words++ = word_of(field.value);
  }
}

void EventWriter::put_secure(size_t field_count) {
  uint32_t* words = batch_.block->words + words_used_ - (layout::kRequestFields + 2 * field_count);
  words[layout::kRequestFlags] |= layout::kFlagSecure;
}

// The peer's address stands behind the fields, so that requests of most connections have no words for it.
void EventWriter::put_client(const net::Address& client, const net::Address& peer, size_t field_count) {
  uint32_t* peer_words = batch_.block->words + words_used_;
  uint32_t* words = peer_words - (layout::kRequestFields + 2 * field_count);
  std::memcpy(words + layout::kRequestAddress, client.bytes, sizeof client.bytes);
  words[layout::kRequestPort] = client.port;
  std::memcpy(peer_words + layout::kPeerAddress, peer.bytes, sizeof peer.bytes);
  peer_words[layout::kPeerPort] = peer.port;
  words[layout::kEventWords] += layout::kPeerWords;
  uint32_t flags = words[layout::kRequestFlags] & ~uint32_t{layout::kFlagIpv4};
  words[layout::kRequestFlags] = flags | layout::kFlagAnnounced | (client.is_ipv4 ? layout::kFlagIpv4 : 0) |
                                 (peer.is_ipv4 ? layout::kFlagPeerIpv4 : 0);
  words_used_ += layout::kPeerWords;
}

void EventWriter::put_unknown_client(size_t field_count) {
  uint32_t* words = batch_.block->words + words_used_ - (layout::kRequestFields + 2 * field_count);
  words[layout::kRequestFlags] |= layout::kFlagClientUnknown;
}

void EventWriter::put_body(ConnectionId id, uint32_t sequence, net::Slice bytes, net::Slice trailers, bool is_last) {
  uint32_t* words = begin_event(layout::kEventBody, layout::kBodyWords, id);
  words[layout::kBodySequence] = sequence;
  words[layout::kBodyFlags] = is_last ? layout::kBodyEnd : 0;
  words[layout::kBodyOffset] = bytes.size > 0 ? static_cast<uint32_t>(offset_in_block(bytes)) : 0;
  words[layout::kBodyLength] = static_cast<uint32_t>(bytes.size);
  words[layout::kBodyTrailersOffset] = trailers.size > 0 ? static_cast<uint32_t>(offset_in_block(trailers)) : 0;
  words[layout::kBodyTrailersLength] = static_cast<uint32_t>(trailers.size);
  words[layout::kBodyRefusal] = 0;
}

void EventWriter::put_secured(ConnectionId id, bool is_resumed, bool is_authorized, net::Slice text,
                              net::Slice certificate) {
  uint32_t* words = begin_event(layout::kEventSecured, layout::kSecuredWords, id);
  words[layout::kSecuredFlags] =
      (is_resumed ? layout::kSecuredResumed : 0) | (is_authorized ? layout::kSecuredAuthorized : 0);
  words[layout::kSecuredTextOffset] = static_cast<uint32_t>(offset_in_block(text));
  words[layout::kSecuredTextLength] = static_cast<uint32_t>(text.size);
  words[layout::kSecuredCertificateOffset] =
      certificate.size > 0 ? static_cast<uint32_t>(offset_in_block(certificate)) : 0;
  words[layout::kSecuredCertificateLength] = static_cast<uint32_t>(certificate.size);
}

bool EventWriter::has_room_for_small_event() const {
  return layout::kBlockWords - words_used_ >= kMostWordsOfSmallEvent && has_room_for_bytes(layout::kMostOfReason);
}

void EventWriter::put_notice(uint32_t code) {
  uint32_t* words = begin_event(layout::kEventNotice, layout::kNoticeWords, {});
  words[layout::kNoticeCode] = code;
}

void EventWriter::put_client_error(const ClientError& error) {
  uint32_t* words = begin_event(layout::kEventClientError, layout::kClientErrorWords, error.id);
  words[layout::kClientErrorRefusal] = static_cast<uint32_t>(error.refusal);
  words[layout::kClientErrorUntold] = error.untold_before;
  std::memcpy(words + layout::kClientErrorAddress, error.peer.bytes, sizeof error.peer.bytes);
  words[layout::kClientErrorPort] = error.peer.port;
  words[layout::kClientErrorFlags] = error.peer.is_ipv4 ? layout::kFlagIpv4 : 0;
  size_t size = std::min<size_t>(std::strlen(error.reason), layout::kMostOfReason);
  words[layout::kClientErrorReasonOffset] = size > 0 ? static_cast<uint32_t>(offset_in_block({error.reason, size})) : 0;
  words[layout::kClientErrorReasonLength] = static_cast<uint32_t>(size);
}

void EventWriter::put_progress(const Progress& progress) {
  switch (progress.kind) {
    case Progress::Kind::gone:
    case Progress::Kind::half_gone:
      begin_event(layout::kEventGone, layout::kGoneWords, progress.id)[layout::kGoneHalf] =
          progress.kind == Progress::Kind::half_gone;
      break;
    case Progress::Kind::drained:
      begin_event(layout::kEventDrained, layout::kDrainedWords, progress.id)[layout::kDrainedSequence] =
          progress.sequence;
      break;
    case Progress::Kind::body_changed:
      begin_event(layout::kEventBodyChanged, layout::kBodyChangedWords, progress.id);
      break;
    case Progress::Kind::opened:
    case Progress::Kind::dropped:
    case Progress::Kind::refused:
      break;
    case Progress::Kind::closed:
      static_assert(static_cast<uint32_t>(Cause::client) == layout::kClosedByClient &&
                    static_cast<uint32_t>(Cause::reset) == layout::kClosedByReset &&
                    static_cast<uint32_t>(Cause::timeout) == layout::kClosedByTimeout &&
                    static_cast<uint32_t>(Cause::server) == layout::kClosedByServer);
      begin_event(layout::kEventClosed, layout::kClosedWords, progress.id)[layout::kClosedCause] =
          static_cast<uint32_t>(progress.cause);
      break;
    case Progress::Kind::body_failed: {
      put_body(progress.id, progress.sequence, {nullptr, 0}, {nullptr, 0}, false);
      uint32_t* words = batch_.block->words + words_used_ - layout::kBodyWords;
      words[layout::kBodyFlags] = layout::kBodyFailed;
      words[layout::kBodyRefusal] = static_cast<uint32_t>(progress.refusal);
      break;
    }
  }
}

void EventWriter::put_refused(const Progress& progress, net::Slice packet) {
  uint32_t* words = begin_event(layout::kEventRefused, layout::kRefusedWords, progress.id);
  words[layout::kRefusedWhy] = static_cast<uint32_t>(progress.refusal);
  words[layout::kRefusedOffset] = packet.size > 0 ? static_cast<uint32_t>(offset_in_block(packet)) : 0;
  words[layout::kRefusedLength] = static_cast<uint32_t>(packet.size);
}

void EventWriter::put_ends(const Progress& progress, const Ends& ends) {
  bool is_opened = progress.kind == Progress::Kind::opened;
  uint32_t* words =
      begin_event(is_opened ? layout::kEventOpened : layout::kEventDropped, layout::kOpenedWords, progress.id);
  std::memcpy(words + layout::kOpenedAddress, ends.peer.bytes, sizeof ends.peer.bytes);
  words[layout::kOpenedPort] = ends.peer.port;
  std::memcpy(words + layout::kOpenedLocalAddress, ends.local.bytes, sizeof ends.local.bytes);
  words[layout::kOpenedLocalPort] = ends.local.port;
  words[layout::kOpenedFlags] =
      (ends.peer.is_ipv4 ? layout::kFlagIpv4 : 0) | (ends.local.is_unix ? layout::kOpenedUnix : 0);
}

Batch EventWriter::take() { return std::exchange(batch_, Batch{}); }

}  // namespace brink::reactor
