// The bytes of an input, read as instructions: what happens to the reactor is a function of them and of nothing else.
// Where they have run out everything is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace brink::fuzz {

class Script {
 public:
  Script(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool ended() const { return at_ == end_; }
  uint8_t byte() { return ended() ? 0 : *at_++; }
  size_t below(size_t limit) { return limit == 0 ? 0 : byte() % limit; }

  // Exact where it is small, up to 64 KiB.
  size_t amount() {
    size_t value = byte();
    return value < 128 ? value : (value - 127) * 512;
  }

  // Up to some eight minutes.
  uint64_t milliseconds() {
    uint64_t value = byte();
    return (value & 15) << (value >> 4);
  }

  // Up to an end mark rather than of a length, so that a mutation may make it longer or shorter and what follows keeps
  // its meaning.
  std::string text() {
    constexpr uint8_t kEnd = 0xff, kLiteral = 0xfe;
    std::string text;
    while (!ended()) {
      uint8_t next = byte();
      if (next == kEnd) break;
      text.push_back(static_cast<char>(next == kLiteral ? byte() : next));
    }
    return text;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace brink::fuzz
