// A number that tells byte strings apart which nobody made to look alike; those that are, are told apart by their
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace brink::http {

inline uint64_t eight_bytes_at(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Of a long string a part is looked at: of each so many bytes eight, and the last ones, where the cookie is that a
// browser differs from others in.
inline uint64_t hash_of(const char* bytes, size_t size) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  constexpr size_t kMostLookedAt = 16;
  uint64_t hash = size * kMultiplier;
  size_t step = size / 8 > kMostLookedAt ? size / kMostLookedAt : 8;
  for (size_t at = 0; at + 8 <= size; at += step) hash = (hash ^ eight_bytes_at(bytes + at)) * kMultiplier;
  if (size >= 32) hash = (hash ^ eight_bytes_at(bytes + size - 16)) * kMultiplier;
  if (size >= 8) hash = (hash ^ eight_bytes_at(bytes + size - 8)) * kMultiplier;
  return hash ^ (hash >> 32);
}

}  // namespace brink::http
