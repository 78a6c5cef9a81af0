#include "reactor/notices.h"

#include <algorithm>
#include <utility>

namespace brink::reactor {
namespace {

constexpr uint32_t kMostClientErrorsTold = 50;  // a second
// Of packets of refused clients that wait to be told; of more nothing but the refusal is.
constexpr size_t kMostPacketBytes = 4 * 1024 * 1024;

template <typename Event>
void forget_first(std::vector<Event>& events, size_t count) {
  if (count > 0) events.erase(events.begin(), events.begin() + static_cast<ptrdiff_t>(count));
}

// Puts in as many as fit, and keeps the rest.
template <typename Event, typename Put>
void put_fitting(std::vector<Event>& waiting, const EventWriter& events, Put put) {
  size_t told = 0;
  for (; told < waiting.size() && events.has_room_for_small_event(); told++) put(waiting[told]);
  forget_first(waiting, told);
}

}  // namespace

void Notices::poller_is_full() {
  if (!std::exchange(told_poller_full_, true)) poller_is_full_ = true;
}

void Notices::client_error(ConnectionId id, http::Refusal refusal, const char* reason, const net::Address& peer,
                           uint64_t now_ms) {
  if (now_ms - second_began_ms_ >= 1000) {
    second_began_ms_ = now_ms;
    told_in_second_ = 0;
  }
  if (told_in_second_ >= kMostClientErrorsTold) {
    untold_++;
    return;
  }
  told_in_second_++;
  client_errors_.push_back({id, refusal, peer, std::exchange(untold_, 0), reason});
}

void Notices::refused(ConnectionId id, http::Refusal refusal, net::Slice packet) {
  size_t size = std::min<size_t>(packet.size, layout::kMostOfPacket);
  if (packet_bytes_ + size > kMostPacketBytes) size = 0;
  packet_bytes_ += size;
  packets_.emplace_back(packet.data, size);
  progress_.push_back({Progress::Kind::refused, id, 0, refusal});
}

void Notices::put_into(EventWriter& events) {
  if (poller_is_full_ && events.has_room_for_small_event()) {
    poller_is_full_ = false;
    events.put_notice(layout::kNoticePollerFull);
  }
  put_fitting(client_errors_, events, [&](const ClientError& error) { events.put_client_error(error); });
  put_progress_into(events);
}

// Some have more to tell than others, which lies beside them.
void Notices::put_progress_into(EventWriter& events) {
  size_t told = 0, ends_told = 0, packets_told = 0;
  for (; told < progress_.size() && events.has_room_for_small_event(); told++) {
    const Progress& progress = progress_[told];
    if (progress.kind == Progress::Kind::refused) {
      const std::string& packet = packets_[packets_told];
      if (!events.has_room_for_bytes(packet.size())) break;
      events.put_refused(progress, {packet.data(), packet.size()});
      packet_bytes_ -= packet.size();
      packets_told++;
    } else if (progress.kind == Progress::Kind::opened || progress.kind == Progress::Kind::dropped) {
      events.put_ends(progress, ends_[ends_told++]);
    } else {
      events.put_progress(progress);
    }
  }
  forget_first(progress_, told);
  forget_first(ends_, ends_told);
  forget_first(packets_, packets_told);
}

}  // namespace brink::reactor
