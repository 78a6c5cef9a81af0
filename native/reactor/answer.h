// An answer that has begun and is not done with: a stream, a tunnel, or one that waits for earlier ones. An answer that
// is whole when it is due, as most are, never becomes one.
#pragma once

#include <cstdint>
#include <memory>

#include "net/pending_output.h"

namespace brink::reactor {

struct Answer {
  enum class Framing : uint8_t { chunked, length, to_the_close, none, raw };

  uint32_t sequence;
  Framing framing;
  bool close = false;                                     // the connection ends behind it
  bool complete = false;                                  // all of it was given; in a tunnel, all that the app sends
  bool aborted = false;                                   // it was broken off before its turn
  bool takes_over = false;                                // the connection becomes a tunnel
  bool told_end = false;                                  // in a tunnel: the client was told that no more follows
  bool streams = false;                                   // the app gives one piece after the other
  bool asks = false;                                      // the app waits to hear that there is room for more
  uint64_t left = 0;                                      // of a known length
  std::unique_ptr<net::PendingOutput> waiting = nullptr;  // what was given before its turn
};

}  // namespace brink::reactor
