// Memory for bytes that are copied to be sent, which is used again: an allocator gives pieces of this size back to the
// system as soon as they are free, and then each of their pages is a fault, which takes longer than to copy it. For any
// thread: one takes, another gives back.
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

  // So many bytes at the least.
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

  // `size` is what was asked for.
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
