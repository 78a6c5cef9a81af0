// A client, as the application hears of it and as it hears from the application.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/hearing.h"
#include "fuzz/transcript.h"

namespace brink::fuzz {

// Deadlines of a request's own, as they were asked for one after the other; 0 for the server's.
struct OwnDeadlines {
  std::vector<uint64_t> request_ms;
  std::vector<uint64_t> write_ms;
};

struct Conversation {
  Conversation(size_t number, const Client& client) : hearing(number, client), transcript(number) {}

  Hearing hearing;
  Transcript transcript;
  std::map<uint32_t, OwnDeadlines> deadlines;  // by request
  uint64_t last_sent_ms = 0;                   // or given, when nothing was sent before
  uint64_t sent_bytes = 0;
  size_t looked_at = 0;   // of what the client has sent
  uint64_t taken_ms = 0;  // when the client last took anything
  bool ended_in_order = false;
  bool ended_within_apply = false;  // then some of the replies came too late

  // The application has ended it, or done what only the reactor knows whether it could: nothing more is compared.
  bool is_given_up = false;
  void give_up() {
    is_given_up = true;
    hearing.give_up();
    transcript.give_up();
  }

  // Whether the text stands in what has come since the last look at all that the client has sent. Each byte is looked
  // at once: a client may send a lot, and be sent a lot of little.
  bool finds_in(const std::string& sent, std::string_view text) {
    size_t from = looked_at - std::min(looked_at, text.size() - 1);
    looked_at = sent.size();
    return from + text.size() <= sent.size() && sent.find(text, from) != std::string::npos;
  }

  // The shortest and the longest that may be in force for any of these requests, where the server's is `usual`.
  struct Range {
    uint64_t least;
    uint64_t most;
  };
  Range range(std::vector<uint64_t> OwnDeadlines::*which, uint32_t from, uint32_t to, uint64_t usual) const {
    Range range = {UINT64_MAX, 0};
    for (uint32_t sequence = from; sequence <= to; sequence++) {
      auto own = deadlines.find(sequence);
      bool has_one = own != deadlines.end() && (own->second.*which).size() == 1;
      if (!has_one) range = {std::min(range.least, usual), std::max(range.most, usual)};
      if (own == deadlines.end()) continue;
      for (uint64_t ms : own->second.*which) {
        uint64_t in_force = ms == 0 ? usual : ms;
        range = {std::min(range.least, in_force), std::max(range.most, in_force)};
      }
    }
    return range;
  }
};

}  // namespace brink::fuzz
