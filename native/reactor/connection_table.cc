#include "reactor/connection_table.h"

#include <algorithm>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BRINK_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BRINK_POISONS 1
#endif
#if defined(BRINK_POISONS)
#include <sanitizer/asan_interface.h>
#endif

namespace brink::reactor {
namespace {

constexpr uint64_t kFull = ~uint64_t{0};

// The pages are the table's own, so the table tells AddressSanitizer which connections are there.
void set_poisoned(Connection* connection, bool poisoned) {
#if defined(BRINK_POISONS)
  poisoned ? __asan_poison_memory_region(connection, sizeof *connection)
           : __asan_unpoison_memory_region(connection, sizeof *connection);
#endif
  (void)connection;
  (void)poisoned;
}

}  // namespace

ConnectionTable::~ConnectionTable() {
  for (uint32_t slot = 0; slot < slots_.size(); slot++) {
    if (Connection* connection = at_slot(slot)) end(*connection);
  }
  bury();
  for (uint32_t slot = 0; slot < pieces_.size() * kInPiece; slot++) {
    if (pieces_[slot / kInPiece].memory.data()) set_poisoned(connection_at(slot), false);
  }
}

// Once for many connections.
[[gnu::noinline]] bool ConnectionTable::make_room() {
  if (first_with_room_ == pieces_.size()) pieces_.emplace_back();
  return pieces_[first_with_room_].memory.allocate(kInPiece * sizeof(Connection));
}

// The lowest one that is free.
inline bool ConnectionTable::find_room(uint32_t* slot) {
  while (first_with_room_ < pieces_.size() && pieces_[first_with_room_].taken == kFull) first_with_room_++;
  bool is_there = first_with_room_ < pieces_.size() && pieces_[first_with_room_].memory.data();
  if (!is_there && !make_room()) return false;
  const Piece& piece = pieces_[first_with_room_];
  *slot = static_cast<uint32_t>(first_with_room_ * kInPiece) + static_cast<uint32_t>(__builtin_ctzll(~piece.taken));
  return true;
}

Connection* ConnectionTable::add(net::Fd fd, const net::Address& peer, const http::Limits& limits) {
  uint32_t slot;
  if (!find_room(&slot)) return nullptr;
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  pieces_[slot / kInPiece].taken |= uint64_t{1} << (slot % kInPiece);
  set_poisoned(connection_at(slot), false);
  auto* connection =
      new (connection_at(slot)) Connection(ConnectionId{slot, slots_[slot].generation}, std::move(fd), peer, limits);
  slots_[slot].connection = connection;
  connection->deadline.slot = slot;
  open_++;
  return connection;
}

void ConnectionTable::end(Connection& connection) {
  Slot& slot = slots_[connection.id.slot];
  connection.stage = Stage::ended;
  slot.connection = nullptr;
  slot.generation++;
  open_--;
  ended_.push_back(connection.id.slot);
}

void ConnectionTable::bury() {
  for (uint32_t slot : ended_) {
    connection_at(slot)->~Connection();
    set_poisoned(connection_at(slot), true);
    size_t place = slot / kInPiece;
    Piece& piece = pieces_[place];
    piece.taken &= ~(uint64_t{1} << (slot % kInPiece));
    // One that is empty is kept for the next clients, if it is the first.
    if (piece.taken == 0 && place > 0) {
      for (uint32_t i = 0; i < kInPiece; i++)
        set_poisoned(connection_at(static_cast<uint32_t>(place * kInPiece) + i), false);
      piece.memory.release();
    }
    first_with_room_ = std::min(first_with_room_, place);
  }
  ended_.clear();
}

}  // namespace brink::reactor
