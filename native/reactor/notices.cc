#include "reactor/notices.h"

#include <utility>

namespace brink::reactor {
namespace {

constexpr uint32_t kMostClientErrorsTold = 50;  // a second

// Puts in as many as fit, and keeps the rest.
template <typename Event, typename Put>
void put_fitting(std::vector<Event>& waiting, const EventWriter& events, Put put) {
  size_t told = 0;
  for (; told < waiting.size() && events.has_room_for_small_event(); told++) put(waiting[told]);
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(told));
}

}  // namespace

void Notices::poller_is_full() {
  if (!std::exchange(told_poller_full_, true)) poller_is_full_ = true;
}

void Notices::client_error(http::Refusal refusal, const net::Address& peer, uint64_t now_ms) {
  if (now_ms - second_began_ms_ >= 1000) {
    second_began_ms_ = now_ms;
    told_in_second_ = 0;
  }
  if (told_in_second_ >= kMostClientErrorsTold) {
    untold_++;
    return;
  }
  told_in_second_++;
  client_errors_.push_back({refusal, peer, std::exchange(untold_, 0)});
}

void Notices::put_into(EventWriter& events) {
  if (poller_is_full_ && events.has_room_for_small_event()) {
    poller_is_full_ = false;
    events.put_notice(layout::kNoticePollerFull);
  }
  put_fitting(client_errors_, events, [&](const ClientError& error) { events.put_client_error(error); });
  size_t ends_told = 0;
  put_fitting(progress_, events, [&](const Progress& progress) {
    bool has_ends = progress.kind == Progress::Kind::opened || progress.kind == Progress::Kind::dropped;
    has_ends ? events.put_ends(progress, ends_[ends_told++]) : events.put_progress(progress);
  });
  if (ends_told > 0) ends_.erase(ends_.begin(), ends_.begin() + static_cast<ptrdiff_t>(ends_told));
}

}  // namespace brink::reactor
