#include "http/head_memory.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "http/byte_hash.h"

namespace brink::http {
namespace {

constexpr size_t kMostBytes = 2048;
constexpr size_t kLeastBytes = 18;  // GET / HTTP/1.1 and its line ends

// The request line, which most heads differ in; 0 when there is no whole one.
size_t line_size_of(const char* bytes, size_t size) {
  const void* end = std::memchr(bytes, '\n', std::min(size, kMostBytes));
  return end ? static_cast<size_t>(static_cast<const char*>(end) - bytes) + 1 : 0;
}

}  // namespace

HeadMemory::Head* HeadMemory::look_up(const char* bytes, size_t size) {
  if (size < kLeastBytes) return nullptr;
  uint64_t line_hash = hash_of(bytes, line_size_of(bytes, size));
  Head* found = heads_.find(line_hash, [&](const Head& head) { return head.begins(bytes, size); });
  if (found) last_ = found;
  return found;
}

HeadMemory::Fields* HeadMemory::find_fields(const char* bytes, size_t size) {
  if (size > kMostBytes) return nullptr;
  return fields_.find(hash_of(bytes, size), [&](const Fields& fields) {
    return fields.bytes.size() == size && std::memcmp(fields.bytes.data(), bytes, size) == 0;
  });
}

void HeadMemory::remember(const char* bytes, size_t size, const RequestHead& head) {
  if (size < kLeastBytes || size > kMostBytes) return;
  size_t line_size = line_size_of(bytes, size);
  keep_head(bytes, size, line_size, head);
  if (line_size > 0 && !head.http_1_0) keep_fields(bytes, size, line_size, head);
}

void HeadMemory::remember_head(const char* bytes, size_t size, const RequestHead& head) {
  if (size < kLeastBytes || size > kMostBytes) return;
  keep_head(bytes, size, line_size_of(bytes, size), head);
}

void HeadMemory::keep_head(const char* bytes, size_t size, size_t line_size, const RequestHead& head) {
  uint64_t line_hash = hash_of(bytes, line_size);
  if (!heads_.takes(line_hash, line_hash ^ hash_of(bytes, size))) return;
  auto entry = std::make_unique<Head>();
  entry->bytes.assign(bytes, bytes + size);
  entry->head = head;
  last_ = nullptr;
  heads_.keep(line_hash, std::move(entry));
}

void HeadMemory::keep_fields(const char* bytes, size_t size, size_t line_size, const RequestHead& head) {
  uint64_t hash = hash_of(bytes + line_size, size - line_size);
  if (!fields_.takes(hash, hash)) return;
  auto entry = std::make_unique<Fields>();
  entry->bytes.assign(bytes + line_size, bytes + size);
  entry->keep_alive = head.keep_alive;
  entry->traits = head.traits;
  entry->fields.reserve(head.fields.size());
  for (const Field& field : head.fields) {
    ptrdiff_t by = -static_cast<ptrdiff_t>(line_size);
    entry->fields.push_back({moved(field.name, by), moved(field.value, by)});
  }
  fields_.keep(hash, std::move(entry));
}

}  // namespace brink::http
