// Writes texts and numbers of a line where there is room for them. What does not fit is not written, and told.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace brink::reactor {

class LineWriter {
 public:
  LineWriter(char* begin, char* end) : at_(begin), end_(end) {}

  bool fits() const { return fits_; }
  char* end() const { return at_; }

  void add(std::string_view text) {
    if (text.size() > static_cast<size_t>(end_ - at_)) {
      fits_ = false;
      return;
    }
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  void add(char c) { add(std::string_view(&c, 1)); }

  void add_number(uint64_t number, int base = 10) {
    auto [end, error] = std::to_chars(at_, end_, number, base);
    if (error == std::errc()) {
      at_ = end;
    } else {
      fits_ = false;
    }
  }

  // With as many zeros before it as it takes to have so many digits.
  void add_digits(uint64_t number, int digits) {
    uint64_t least = 1;
    for (int more = 1; more < digits; more++) least *= 10;
    for (; least > 1 && number < least; least /= 10) add('0');
    add_number(number);
  }

  // Microseconds, as a number of milliseconds.
  void add_ms(uint64_t us) {
    add_number(us / 1000);
    auto rest = static_cast<uint32_t>(us % 1000);
    if (rest == 0) return;
    const char digits[] = {'.', digit(rest / 100), digit(rest / 10 % 10), digit(rest % 10)};
    add(std::string_view(digits, rest % 10 ? 4 : rest % 100 ? 3 : 2));
  }

 private:
  static char digit(uint32_t number) { return static_cast<char>('0' + number); }

  char* at_;
  char* const end_;
  bool fits_ = true;
};

}  // namespace brink::reactor
