// The parser by itself, where it matters how much it does: the rest of it is fuzzed.
#include <algorithm>
#include <cstring>
#include <ctime>

#include "http/request_parser.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

class Counting final : public http::RequestSink {
 public:
  bool on_request(const http::Request& request) override {
    requests++;
    bytes += request.head_bytes.size;
    return true;
  }
  bool on_body(net::Slice, net::Slice, bool) override { return true; }

  size_t requests = 0;
  size_t bytes = 0;
};

// A byte at a time, as the reactor hands it over: what is kept stands before what is new.
bool trickle(const std::string& head, Counting& sink) {
  http::Limits limits;
  limits.header_bytes = http::kMostHeaderBytes;
  limits.target_bytes = http::kMostHeaderBytes;
  http::ParserScratch scratch;
  http::RequestParser parser(limits);
  std::vector<char> room(http::kMostHeaderBytes + 1);
  for (char byte : head) {
    char* at = room.data() + parser.kept_bytes();
    parser.restore(room.data());
    *at = byte;
    if (parser.parse(at, 1, scratch, sink) != http::Refusal::none) return false;
  }
  return !parser.in_message();
}

// Processor time for a byte, of heads that are so long; the least of some tries.
double cost_of_byte(const std::string& head, size_t times, Trial& trial) {
  double least = 0;
  for (int tries = 0; tries < 5; tries++) {
    Counting sink;
    std::clock_t began = std::clock();
    for (size_t i = 0; i < times; i++) trial.expect(trickle(head, sink), "the head to be taken");
    double took = static_cast<double>(std::clock() - began) / static_cast<double>(times * head.size());
    least = tries == 0 ? took : std::min(least, took);
    trial.expect(sink.requests == times, "each head to be a request");
  }
  return least;
}

void trickling(Trial& trial) {
  constexpr size_t kLong = 60000, kTimesAsLong = 30;
  auto in_target = [](size_t size) { return "GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
  auto in_value = [](size_t size) { return "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(size, 'a') + "\r\n\r\n"; };
  auto judge = [&](const std::string& short_head, const std::string& long_head) {
    double of_short = cost_of_byte(short_head, kTimesAsLong, trial), of_long = cost_of_byte(long_head, 1, trial);
    trial.expect(of_long < 5 * of_short, "a byte of a long head to cost what one of a short head does, not " +
                                             std::to_string(of_long / of_short) + " times as much");
  };
  judge(in_target(kLong / kTimesAsLong), in_target(kLong));
  judge(in_value(kLong / kTimesAsLong), in_value(kLong));
}

}  // namespace

std::vector<Case> cases_of_parsing() {
  return {{"a head that trickles in costs in proportion to its length", trickling, once}};
}

}  // namespace brink::selftest
