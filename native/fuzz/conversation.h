// A client, as the application hears of it and as it hears from the application.
#pragma once

#include "fuzz/hearing.h"
#include "fuzz/transcript.h"

namespace brink::fuzz {

struct Conversation {
  Conversation(size_t number, const Client& client) : hearing(number, client), transcript(number) {}

  Hearing hearing;
  Transcript transcript;
  uint64_t last_sent_ms = 0;
  bool ended_in_order = false;
  bool ended_within_apply = false;  // then some of the replies came too late
};

}  // namespace brink::fuzz
