// What must always hold. Where it does not, the sentence is printed and the process ends, which is how libFuzzer knows
// that it has found something.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace brink::fuzz {

[[noreturn, gnu::format(printf, 1, 2)]] inline void violated(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fputs("\nINVARIANT: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputs("\n", stderr);
  va_end(arguments);
  std::abort();
}

}  // namespace brink::fuzz

// The condition is true, or the sentence says what is wrong.
#define BRINK_HOLDS(condition, ...)                         \
  do {                                                      \
    if (!(condition)) ::brink::fuzz::violated(__VA_ARGS__); \
  } while (false)
