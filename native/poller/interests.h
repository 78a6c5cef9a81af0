// The interests of a level-triggered poller: a dense list, and the place of each descriptor in it. Removing an entry
// moves the last one to its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "net/system.h"

namespace brink::poller {

struct Interest {
  net::Descriptor descriptor;
  uint64_t token;
  bool reads = true;
  bool writes = false;
};

class Interests {
 public:
  const std::vector<Interest>& list() const { return list_; }
  size_t size() const { return list_.size(); }
  size_t place(net::Descriptor descriptor) const { return places_.at(descriptor); }
  Interest& find(net::Descriptor descriptor) { return list_[place(descriptor)]; }

  void add(net::Descriptor descriptor, uint64_t token) {
    places_[descriptor] = list_.size();
    list_.push_back({descriptor, token});
  }

  // Returns the place that was freed, which now holds the former last entry.
  size_t remove(net::Descriptor descriptor) {
    size_t place = places_.at(descriptor);
    list_[place] = list_.back();
    places_[list_[place].descriptor] = place;
    places_.erase(descriptor);
    list_.pop_back();
    return place;
  }

 private:
  std::vector<Interest> list_;
  std::unordered_map<net::Descriptor, size_t> places_;
};

}  // namespace brink::poller
