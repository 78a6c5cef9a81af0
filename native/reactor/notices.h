// What JavaScript is told besides requests and bodies: what becomes of clients and their answers, refused clients, and
// notices to who runs the server. Gathered here until there is room in a block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reactor/event_writer.h"

namespace brink::reactor {

class Notices {
 public:
  bool empty() const { return !poller_is_full_ && client_errors_.empty() && progress_.empty(); }
  bool has_progress() const { return !progress_.empty(); }

  // Told once.
  void poller_is_full();
  // A flood of bad clients does not become a flood of events: the rest is counted.
  void client_error(ConnectionId id, http::Refusal refusal, const char* reason, const net::Address& peer,
                    uint64_t now_ms);

  void gone(ConnectionId id) { progress_.push_back({Progress::Kind::gone, id, 0, http::Refusal::none}); }
  void half_gone(ConnectionId id) { progress_.push_back({Progress::Kind::half_gone, id, 0, http::Refusal::none}); }
  void drained(ConnectionId id, uint32_t sequence) {
    progress_.push_back({Progress::Kind::drained, id, sequence, http::Refusal::none});
  }
  // Memory that was to be sent is not what it was.
  void body_changed(ConnectionId id) {
    progress_.push_back({Progress::Kind::body_changed, id, 0, http::Refusal::none});
  }
  void body_failed(ConnectionId id, uint32_t sequence, http::Refusal refusal) {
    progress_.push_back({Progress::Kind::body_failed, id, sequence, refusal});
  }

  void opened(ConnectionId id, const Ends& ends) {
    progress_.push_back({Progress::Kind::opened, id, 0, http::Refusal::none});
    ends_.push_back(ends);
  }
  void dropped(const Ends& ends) {
    progress_.push_back({Progress::Kind::dropped, {}, 0, http::Refusal::none});
    ends_.push_back(ends);
  }
  void closed(ConnectionId id, Cause cause) {
    progress_.push_back({Progress::Kind::closed, id, 0, http::Refusal::none, cause});
  }

  // The packet is what came last of the client.
  void refused(ConnectionId id, http::Refusal refusal, net::Slice packet);

  // Puts in what fits; the writer has a block.
  void put_into(EventWriter& events);

 private:
  void put_progress_into(EventWriter& events);

  std::vector<ClientError> client_errors_;
  std::vector<Progress> progress_;
  std::vector<std::string> packets_;  // of those that are refused, in their order
  size_t packet_bytes_ = 0;
  std::vector<Ends> ends_;  // of those that are opened or dropped, in their order
  uint64_t second_began_ms_ = 0;
  uint32_t told_in_second_ = 0;
  uint32_t untold_ = 0;
  bool poller_is_full_ = false;
  bool told_poller_full_ = false;
};

}  // namespace brink::reactor
