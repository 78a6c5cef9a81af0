// Lines of an access log, in the formats that other programs read, made of records of a RequestLog. Whatever a client
// has sent, a record is one line, and its fields are told apart. The records come from JavaScript, and are not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brink::reactor {

class LineWriter;
class LoggedWords;

// What is known at the time of writing.
struct LineSurroundings {
  double now_ms = 0;                // since 1970, when the records were taken
  int32_t zone_minutes = 0;         // of local time, east of Greenwich
  std::string_view id_prefix;       // of the ids that are made
  const std::string* ip = nullptr;  // of a single record, if they are others than it has itself
  const std::string* id = nullptr;
};

class LogLines {
 public:
  enum class Format : uint8_t { combined, json };

  // `ends` are the names of what ends requests, by number. `patterns` are those of the routes by number, in `json` as
  // they are written there.
  LogLines(Format format, std::vector<std::string> ends, std::vector<std::string> patterns)
      : format_(format), ends_(std::move(ends)), patterns_(std::move(patterns)) {}

  // Writes the records that `take` has put into the words, from kLogAt on, as many as there is room for; with an ip and
  // an id, one. Moves kLogAt behind them, and gives the bytes that were written.
  size_t write(uint32_t* words, size_t count, char* into, size_t room, const LineSurroundings& known);

 private:
  void combined(const LoggedWords& record, uint64_t ms, const LineSurroundings& known, LineWriter& line);
  void json(const LoggedWords& record, uint64_t ms, const LineSurroundings& known, LineWriter& line);
  std::string_view local_time(uint64_t second, int32_t zone_minutes);
  std::string_view utc_time(uint64_t second);
  std::string_view ip_of(const uint32_t* address, bool is_ipv4);

  struct Time {
    uint64_t second = UINT64_MAX;
    int32_t zone_minutes = 0;
    std::string text;
  };

  const Format format_;
  const std::vector<std::string> ends_;
  const std::vector<std::string> patterns_;
  // The last ones: many requests are of the same second, and of the same client.
  Time time_;
  uint32_t address_[4] = {};
  bool is_ipv4_ = false;
  std::string ip_;
};

}  // namespace brink::reactor
