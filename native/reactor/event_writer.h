// Fills blocks with the events of a turn. One for each reactor.
#pragma once

#include "http/request_parser.h"
#include "reactor/exchange.h"

namespace brink::reactor {

// A client that was refused or cut off, to be told to JavaScript.
struct ClientError {
  ConnectionId id;
  http::Refusal refusal;
  net::Address peer;
  uint32_t untold_before;
  const char* reason;  // in the words of a library, which stay where they are; or none
};

// The two ends of a connection.
struct Ends {
  net::Address peer;
  net::Address local;
};

// Who or what ended a connection.
enum class Cause : uint8_t { client, reset, timeout, server };

// What becomes of something that is under way with a client, to be told to JavaScript.
struct Progress {
  enum class Kind : uint8_t { gone, half_gone, drained, body_failed, body_changed, opened, closed, dropped, refused };
  Kind kind;
  ConnectionId id;
  uint32_t sequence;
  http::Refusal refusal;
  Cause cause = Cause::client;  // of one that is closed
};

class EventWriter {
 public:
  explicit EventWriter(uint32_t most_fields) : most_fields_(most_fields) {}

  // False without a block to write to. begin() gives one.
  bool has_block() const { return batch_.block != nullptr; }
  void begin(Block* block);
  void start_over() { begin(batch_.block); }
  uint32_t events() const { return batch_.events; }

  // Whether a read, and what it may complete, still fits. When not, the batch is due.
  bool has_room() const;
  // Whether one more request fits among the words.
  bool has_room_for_request() const;

  // The free bytes: where recv() puts what arrives. used() says how many of them are now taken.
  char* free_bytes() { return batch_.block->bytes + bytes_used_; }
  void used(size_t bytes) { bytes_used_ += bytes; }

  void put_request(ConnectionId id, uint32_t sequence, const net::Address& peer, const http::Request& request,
                   bool offers_upgrade);
  // The request that was put last came over TLS.
  void put_secure(size_t field_count);
  // The request that was put last is this client's, for whom the peer speaks.
  void put_client(const net::Address& client, const net::Address& peer, size_t field_count);
  // It is somebody's whom the peer has not named.
  void put_unknown_client(size_t field_count);
  void put_body(ConnectionId id, uint32_t sequence, net::Slice bytes, net::Slice trailers, bool is_last);
  // Before the first request of a connection: what its handshake has agreed on. There is room where there is for a
  // read.
  void put_secured(ConnectionId id, bool is_resumed, bool is_authorized, net::Slice text, net::Slice certificate);

  // Whether one of the small events below still fits. All need a block.
  bool has_room_for_small_event() const;
  void put_notice(uint32_t code);
  void put_client_error(const ClientError& error);
  void put_progress(const Progress& progress);
  bool has_room_for_bytes(size_t size) const { return layout::kBlockBytes - bytes_used_ >= size; }
  void put_refused(const Progress& progress, net::Slice packet);
  // Of a connection that is opened, or of one that is dropped.
  void put_ends(const Progress& progress, const Ends& ends);

  // The batch, for delivery; the writer is without a block then.
  Batch take();

 private:
  size_t offset_in_block(net::Slice bytes);
  uint32_t* begin_event(uint32_t kind, size_t word_count, ConnectionId id);

  Batch batch_;
  size_t words_used_ = 0;
  size_t bytes_used_ = 0;
  uint32_t most_fields_;
};

// The most that one recv() is asked for.
inline constexpr size_t kReadBytes = 64 * 1024;

}  // namespace brink::reactor
