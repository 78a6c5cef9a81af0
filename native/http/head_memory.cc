#include "http/head_memory.h"

#include <algorithm>
#include <cstring>

namespace brink::http {
namespace {

constexpr size_t kMostBytes = 2048;
constexpr size_t kLeastBytes = 18;  // GET / HTTP/1.1 and its line ends

uint64_t load(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Enough to tell heads apart that are not made to look alike; those that are, are told apart by their bytes.
uint64_t hash_of(const char* bytes, size_t size) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t hash = size * kMultiplier;
  size_t at = 0;
  for (; at + 8 <= size; at += 8) hash = (hash ^ load(bytes + at)) * kMultiplier;
  if (size >= 8) hash = (hash ^ load(bytes + size - 8)) * kMultiplier;
  return hash ^ (hash >> 32);
}

// The request line, which most heads differ in; 0 when there is no whole one.
size_t line_size(const char* bytes, size_t size) {
  const void* end = std::memchr(bytes, '\n', std::min(size, kMostBytes));
  return end ? static_cast<size_t>(static_cast<const char*>(end) - bytes) : 0;
}

}  // namespace

HeadMemory::Entry* HeadMemory::look_up(const char* bytes, size_t size) {
  if (sets_.empty() || size < kLeastBytes) return nullptr;
  uint64_t line_hash = hash_of(bytes, line_size(bytes, size));
  for (auto& entry : sets_[line_hash % sets_.size()].entries) {
    if (entry && entry->line_hash == line_hash && entry->begins(bytes, size)) return last_ = entry.get();
  }
  return nullptr;
}

void HeadMemory::remember(const char* bytes, size_t size, const RequestHead& head) {
  if (size < kLeastBytes || size > kMostBytes) return;
  if (sets_.empty()) sets_.resize(kEntries / kWays);
  uint64_t line_hash = hash_of(bytes, line_size(bytes, size));
  size_t index = line_hash % sets_.size();
  Set& set = sets_[index];
  uint64_t hash = hash_of(bytes, size);
  if (set.seen != hash) {
    set.seen = hash;
    return;
  }
  size_t way = set.next++ % kWays;
  auto entry = std::make_unique<Entry>();
  entry->number = static_cast<uint32_t>(index * kWays + way + 1);
  entry->line_hash = line_hash;
  entry->bytes.assign(bytes, bytes + size);
  entry->head = head;
  if (last_ == set.entries[way].get()) last_ = nullptr;
  set.entries[way] = std::move(entry);
}

}  // namespace brink::http
