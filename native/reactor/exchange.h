// The memory in which requests and replies cross between a reactor and JavaScript. A block has one owner at a time: who
// holds the pointer may touch it. Blocks belong to JavaScript's side and outlive the reactor; src/layout.ts is their
// layout.
#pragma once

#include <cstdint>
#include <vector>

#include "generated/layout.h"
#include "http/request_head.h"
#include "net/pending_output.h"

namespace brink::reactor {

struct Block {
  uint32_t* words = nullptr;
  char* bytes = nullptr;
  uint32_t index = 0;
};

// As it lies in the layout.
inline uint32_t word_of(http::Span span) { return span.offset | (uint32_t{span.length} << 16); }

// Events on their way to JavaScript.
struct Batch {
  Block* block = nullptr;
  uint32_t events = 0;
};

// Replies on their way back. Large bodies cross beside the block, and are given back when written.
struct Replies {
  Block* block = nullptr;
  std::vector<net::HeldBytes> bodies;
};

// Where a reactor's batches go: its host.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  // An empty block to fill, or null when all are on the other side.
  virtual Block* acquire() = 0;
  // Whether a batch would find somebody. While not, the reactor goes on filling the one that it has.
  virtual bool takes_batches() const = 0;
  // Takes the batch over. An inline host has run the handlers when this returns.
  virtual void deliver(Batch batch) = 0;
};

// Names a connection: a slot, and the generation that tells it from earlier ones in the slot. An event or a reply
// that comes too late finds nobody.
struct ConnectionId {
  uint32_t slot;
  uint32_t generation;

  uint64_t token() const { return (uint64_t{generation} << 32) | slot; }
  static ConnectionId of(uint64_t token) { return {static_cast<uint32_t>(token), static_cast<uint32_t>(token >> 32)}; }
};

// Other deadlines than the server's, for one request; 0 for the server's own.
struct Deadlines {
  uint32_t request_ms = 0;
  uint32_t write_ms = 0;
  uint32_t min_rate_and_one = 0;  // bytes a second, and one more
};

}  // namespace brink::reactor
