// What the targets that parse have in common: limits out of a script, bytes in pieces, and refusals that are alike.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "fuzz/script.h"
#include "http/limits.h"
#include "http/refusal.h"
#include "net/system.h"

namespace brink::fuzz {

inline http::Limits read_limits(Script& script) {
  http::Limits limits;
  uint8_t kind = script.byte();
  if (kind & 1) limits.header_bytes = 100;
  if (kind & 2) limits.fields = 2;
  if (kind & 4) limits.target_bytes = 20;
  if (kind & 8) limits.body_bytes = 20;
  if (kind & 16) limits.chunk_overhead_bytes = 10;
  return limits;
}

// Sizes of pieces, which are used over and over.
inline std::string read_pattern(Script& script) {
  std::string pattern;
  for (uint8_t left = script.byte() % 8; left > 0; left--) pattern.push_back(static_cast<char>(script.byte()));
  pattern.push_back('\0');
  return pattern;
}

inline std::string read_rest(Script& script) {
  std::string bytes;
  while (!script.ended()) bytes.push_back(static_cast<char>(script.byte()));
  return bytes;
}

// Calls `use` with each piece, as large as the bytes of the pattern say.
template <typename Use>
void in_pieces(const std::string& bytes, const std::string& pattern, Use use) {
  for (size_t at = 0, piece = 0; at < bytes.size(); piece++) {
    size_t size = static_cast<uint8_t>(pattern[piece % pattern.size()]) + size_t{1};
    if (size > bytes.size() - at) size = bytes.size() - at;
    use(bytes.data() + at, size);
    at += size;
  }
}

// A copy in memory of exactly its size, so that AddressSanitizer sees who reads on.
inline std::unique_ptr<char[]> exactly(const char* bytes, size_t size) {
  std::unique_ptr<char[]> copy(new char[size]);
  if (size > 0) std::memcpy(copy.get(), bytes, size);
  return copy;
}

inline std::string text_of(net::Slice bytes) { return std::string(bytes.data, bytes.size); }

inline const char* code_of(http::Refusal refusal) { return http::kRefusals[static_cast<size_t>(refusal)].code; }

inline bool is_about_size(http::Refusal refusal) {
  uint16_t status = http::status_of(refusal);
  return status == 413 || status == 414 || status == 431;
}

// What is wrong in two ways, and one of them is its size, is told by what is seen first.
inline bool same_kind(http::Refusal one, http::Refusal other) {
  bool both = one != http::Refusal::none && other != http::Refusal::none;
  if (both && (is_about_size(one) || is_about_size(other))) return true;
  return http::status_of(one) == http::status_of(other);
}

}  // namespace brink::fuzz
