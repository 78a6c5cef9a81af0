// How many bytes of requests of a connection wait for their answers: sizes and counts that are bounded each by
// themselves would multiply. Small requests are not counted, for their number bounds them.
#pragma once

#include <cstdint>
#include <vector>

namespace brink::reactor {

class PendingInput {
 public:
  static constexpr uint64_t kLeastCounted = 32 * 1024;

  uint64_t bytes() const { return bytes_; }
  bool empty() const { return requests_.empty(); }

  void add(uint32_t sequence, uint64_t bytes) {
    requests_.push_back({sequence, bytes});
    bytes_ += bytes;
  }

  // The requests before `first` are answered.
  void forget_before(uint32_t first) {
    size_t kept = 0;
    for (const Request& request : requests_) {
      if (static_cast<int32_t>(request.sequence - first) < 0) {
        bytes_ -= request.bytes;
      } else {
        requests_[kept++] = request;
      }
    }
    requests_.resize(kept);
  }

 private:
  struct Request {
    uint32_t sequence;
    uint64_t bytes;
  };
  std::vector<Request> requests_;
  uint64_t bytes_ = 0;
};

}  // namespace brink::reactor
