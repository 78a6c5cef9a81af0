// Requests that have ended, on their way to an access log. The reactor puts them in on its thread; JavaScript takes
// them on its own, many at a time. What clients send is kept to a length, and what nobody takes is counted and lost.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/request_parser.h"
#include "net/system.h"
#include "reactor/observed.h"

namespace brink::reactor {

struct Connection;

class RequestLog {
 public:
  // Longer ones are cut.
  static constexpr size_t kMostOfTarget = 2048;
  static constexpr size_t kMostOfMethod = 32;
  static constexpr size_t kMostOfField = 512;
  static constexpr size_t kMostOfTexts = kMostOfTarget + kMostOfMethod + layout::kMostLoggedFields * 2 * kMostOfField;
  // Of a record.
  static constexpr size_t kMostWords = layout::kLoggedWords + (kMostOfTexts + 3) / 4;

  // The names of fields that are logged, in lower case.
  explicit RequestLog(std::vector<std::string> fields);

  // On the reactor's thread. Keeps what is logged of a head.
  void note_head(ObservedRequest& seen, const http::Request& request) const;
  // Of one that was not understood.
  void note_line(ObservedRequest& request, net::Slice head) const;
  void put(const ObservedRequest& request, const Connection& connection, RequestEnd end, uint64_t bytes_out,
           uint64_t now_us);

  // On any thread. Gives as many whole records as there is room for, as the layout has them: true when more are left.
  // There must be room for one, or nobody would ever take it.
  bool take(uint32_t* into, size_t words);

 private:
  static constexpr size_t kMostWaitingWords = 2 * 1024 * 1024;
  static constexpr size_t kMostTakenWords = 1024 * 1024;  // that still stand before what waits
  static constexpr size_t kMostOfName = 64;

  std::shared_ptr<const LoggedTexts> texts_of(const http::RequestHead& head, const char* head_bytes) const;
  uint32_t places_of(const http::Field& field, const char* head_bytes) const;
  bool is_list(size_t place) const;
  std::string list_of(const http::RequestHead& head, const char* head_bytes, size_t place) const;

  const LoggedTexts none_;
  std::vector<std::string> names_;
  size_t traceparent_ = layout::kMostLoggedFields;           // its place among them
  std::array<uint16_t, kMostOfName> places_by_length_ = {};  // a bit for each name

  std::mutex lock_;
  std::vector<uint32_t> waiting_;
  size_t taken_ = 0;  // words of the waiting
  uint32_t lost_ = 0;
};

}  // namespace brink::reactor
