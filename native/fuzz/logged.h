// What is logged of requests, held against what was told of them and said to them: each is logged once, in its turn,
// with what its client was sent.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "fuzz/conversation.h"
#include "fuzz/fake_kernel.h"
#include "reactor/log_lines.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/request_log.h"

namespace brink::fuzz {

class Logged {
 public:
  // After every step.
  void read(reactor::RequestLog& log, const FakeKernel& kernel, const std::deque<Conversation>& conversations);
  // When all connections have ended.
  void check_all_are_there(const FakeKernel& kernel, const std::deque<Conversation>& conversations) const;
  // Whoever measures from the begin has counted what was logged.
  void check_all_are_measured(const reactor::Metrics& metrics) const;
  // So has the other, and each connection has ended once.
  void check_all_are_measured(const reactor::Measurements& measured, uint64_t accepted) const;

 private:
  struct OfClient {
    uint32_t requests = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    bool are_all_answered = true;
  };

  void read_one(const uint32_t* words, const FakeKernel& kernel, const std::deque<Conversation>& conversations);
  void check_lines(reactor::LogLines& lines, size_t records);
  void check_answer(const uint32_t* words, const Conversation& conversation) const;

  std::map<size_t, OfClient> clients_;
  std::vector<uint32_t> words_;
  reactor::LogLines combined_{reactor::LogLines::Format::combined, {}, {}};
  reactor::LogLines json_{reactor::LogLines::Format::json, {"answered", "gone"}, {"", "\"/\""}};
  std::string text_;
};

}  // namespace brink::fuzz
