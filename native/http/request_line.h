// The first line of a request: method, target and version, with one space between them (RFC 9112, 3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "net/system.h"

namespace brink::http {

// A method longer than any that is implemented is one that is not implemented (RFC 9112, 3).
inline constexpr size_t kMostMethodBytes = 32;

class RequestLine {
 public:
  // Reads as much as has come. `bytes` are all of them, each time: it goes on where it was, so that a line in pieces
  // costs no more than a whole one. What is wrong is told when it is seen, whatever follows.
  Refusal read(net::Slice bytes, const Limits& limits);

  // With its end; 0 while it is not complete.
  size_t size() const { return size_; }
  // llhttp's number, or kUnknownMethod.
  uint8_t method() const { return method_; }
  Span method_name() const { return {0, static_cast<uint16_t>(method_size_)}; }
  Span target() const { return {static_cast<uint16_t>(method_size_ + 1), static_cast<uint16_t>(target_size_)}; }
  bool http_1_0() const { return http_1_0_; }

 private:
  Refusal read_method(net::Slice bytes);
  Refusal read_target(net::Slice bytes, const Limits& limits);
  Refusal read_version(net::Slice bytes);

  size_t size_ = 0;
  size_t method_size_ = 0;  // 0 until all of it is there
  size_t target_size_ = 0;  // so far
  uint8_t method_ = kUnknownMethod;
  bool target_is_whole_ = false;
  bool http_1_0_ = false;
};

}  // namespace brink::http
