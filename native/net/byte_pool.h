// A pool of memory for bytes that are copied to be sent. An allocator returns blocks of this size to the system when
// they are freed, and then each page is a fault again, which takes longer than copying. Thread-safe: one thread takes
// a piece, another gives it back.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace brink::net {

class BytePool {
 public:
  using Piece = std::unique_ptr<char[]>;

  // A piece of at least that many bytes.
  Piece take(size_t size) {
    size_t at = place_of(size);
    if (at < kSizes.size()) {
      std::lock_guard<std::mutex> guard(lock_);
      if (!free_[at].empty()) {
        Piece piece = std::move(free_[at].back());
        free_[at].pop_back();
        kept_ -= kSizes[at];
        return piece;
      }
    }
    return Piece(new char[at < kSizes.size() ? kSizes[at] : size]);
  }

  // `size` is the size that was requested.
  void give_back(Piece piece, size_t size) {
    size_t at = place_of(size);
    if (at == kSizes.size()) return;
    std::lock_guard<std::mutex> guard(lock_);
    if (kept_ + kSizes[at] > kMostKept) return;
    kept_ += kSizes[at];
    free_[at].push_back(std::move(piece));
  }

 private:
  static constexpr std::array<size_t, 3> kSizes = {64 * 1024, 128 * 1024, 256 * 1024};
  static constexpr size_t kMostKept = 2 * 1024 * 1024;

  static size_t place_of(size_t size) {
    size_t at = 0;
    while (at < kSizes.size() && kSizes[at] < size) at++;
    return at;
  }

  std::mutex lock_;
  std::array<std::vector<Piece>, kSizes.size()> free_;
  size_t kept_ = 0;
};

}  // namespace brink::net
