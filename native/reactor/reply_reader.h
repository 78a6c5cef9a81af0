// Reads the replies that JavaScript put into a block. No integer that comes back is trusted: what does not fit the
// block or makes no sense is told as such, and touches nothing.
#pragma once

#include "reactor/exchange.h"

namespace brink::reactor {

struct Answer {
  ConnectionId id;
  uint32_t sequence;
  uint16_t status;
  uint8_t content_type;
  bool close;
  bool dated;
  bool length_only;
  net::Slice fields;
  net::Slice body;       // in the block
  uint64_t body_length;  // what Content-Length says
  net::HeldBytes* held;  // the body, where it crossed by reference
};

class ReplyReader {
 public:
  explicit ReplyReader(Replies& replies);

  // Of an invalid one only the id and the sequence are given, and they may be anybody's.
  enum class Found { answer, invalid, end };
  Found next(Answer* answer);

 private:
  Replies& replies_;
  size_t at_;
  size_t end_;
};

}  // namespace brink::reactor
