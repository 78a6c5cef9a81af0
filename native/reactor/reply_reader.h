// Reads the replies that JavaScript put into a block. No integer that comes back is trusted: what does not fit the
// block or makes no sense is told as such, and touches nothing.
#pragma once

#include "reactor/exchange.h"

namespace brink::reactor {

// How JavaScript ends a connection.
enum class Ending : uint8_t { in_order, at_once, by_reset };

// What JavaScript says to a request. Which parts mean something depends on the kind.
struct Reply {
  enum class Kind : uint8_t { answer, chunk, abort, read, take_over, deadlines, end_connection };
  Kind kind;
  bool plain;  // an answer of status 200, or a raw one, that is whole, in the block, and asks for nothing else
  ConnectionId id;
  uint32_t sequence;
  uint16_t status;
  uint16_t route;  // its number, or 0
  uint8_t content_type;
  bool close;
  bool dated;
  bool length_only;
  bool streams;          // the body follows in chunks
  bool whole;            // and the app has given all of it
  bool sized;            // and its length is known
  bool ends;             // the last chunk; the fields are trailers
  bool asks;             // to be told when there is room for more
  bool raw;              // fields and body are bytes for the wire as they are
  bool has_changed;      // the memory of its body, so that it cannot be sent
  Ending ending;         // of the connection
  net::Slice fields;     // complete lines; of a raw one, bytes before the body
  net::Slice body;       // in the block
  uint64_t body_length;  // what Content-Length says; or how much more of the request's body is wanted
  net::HeldBytes* held;  // the body, where it crossed by reference
  Deadlines deadlines;
};

class ReplyReader {
 public:
  explicit ReplyReader(Replies& replies);

  // Of an invalid one only the id and the sequence are given, and they may be anybody's.
  enum class Found { reply, invalid, end };
  Found next(Reply* reply);

 private:
  bool read_body(const uint32_t* words, uint32_t flags, Reply* reply);
  bool read_body_in_block(const uint32_t* words, Reply* reply);
  bool read_other_body(const uint32_t* words, uint32_t flags, Reply* reply);

  Replies& replies_;
  size_t at_;
  size_t end_;
};

}  // namespace brink::reactor
