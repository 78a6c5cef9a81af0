// The connections of a reactor by slot. A slot that is used again gets a new generation, so that whoever still names
// the old connection finds nobody.
#pragma once

#include <memory>
#include <vector>

#include "reactor/connection.h"

namespace brink::reactor {

class ConnectionTable {
 public:
  Connection& add(net::Fd fd, const net::Address& peer, const http::Limits& limits) {
    uint32_t slot;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    Slot& at = slots_[slot];
    at.connection = std::make_unique<Connection>(ConnectionId{slot, at.generation}, std::move(fd), peer, limits);
    at.connection->deadline.slot = slot;
    open_++;
    return *at.connection;
  }

  Connection* find(ConnectionId id) const {
    if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return nullptr;
    return slots_[id.slot].connection.get();
  }

  Connection* at_slot(uint32_t slot) const { return slot < slots_.size() ? slots_[slot].connection.get() : nullptr; }

  void remove(ConnectionId id) {
    Slot& at = slots_[id.slot];
    at.connection.reset();
    at.generation++;
    free_.push_back(id.slot);
    open_--;
  }

  size_t open() const { return open_; }
  uint32_t slots() const { return static_cast<uint32_t>(slots_.size()); }

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t open_ = 0;
};

}  // namespace brink::reactor
