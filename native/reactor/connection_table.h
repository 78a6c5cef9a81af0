// The connections of a reactor by slot. A slot that is used again gets a new generation, so that whoever still names
// the old connection finds nobody.
//
// A connection that ends is found no more, but its memory stays until bury(): whoever holds a reference to it may go on
// to the end of what it does. Connections lie in pieces of memory of their own, the lowest slots first, which go back
// to the system when the crowd that they were needed for has left.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "net/pages.h"
#include "reactor/connection.h"

namespace brink::reactor {

class ConnectionTable {
 public:
  ConnectionTable() = default;
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;
  ~ConnectionTable();

  // Null when there is no memory for it.
  Connection* add(net::Fd fd, const net::Address& peer, const http::Limits& limits);

  Connection* find(ConnectionId id) const {
    if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return nullptr;
    return slots_[id.slot].connection;
  }

  Connection* at_slot(uint32_t slot) const { return slot < slots_.size() ? slots_[slot].connection : nullptr; }

  // From here on nobody finds it.
  void end(Connection& connection);
  // Frees those that have ended.
  void bury();

  size_t open() const { return open_; }
  uint32_t slots() const { return static_cast<uint32_t>(slots_.size()); }

 private:
  static constexpr uint32_t kInPiece = 64;

  struct Slot {
    Connection* connection = nullptr;  // that is open
    uint32_t generation = 0;
  };
  struct Piece {
    net::Pages memory;
    uint64_t taken = 0;  // a bit for each of its slots
  };

  Connection* connection_at(uint32_t slot) const {
    return reinterpret_cast<Connection*>(pieces_[slot / kInPiece].memory.data()) + slot % kInPiece;
  }
  bool find_room(uint32_t* slot);
  bool make_room();

  std::vector<Slot> slots_;
  std::vector<Piece> pieces_;
  size_t first_with_room_ = 0;  // no piece before it has any
  std::vector<uint32_t> ended_;
  size_t open_ = 0;
};

}  // namespace brink::reactor
