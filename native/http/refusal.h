// Why a request is not handed on: the status that the client is told, and a stable code for whoever watches.
#pragma once

#include <cstdint>

namespace brink::http {

struct Refusal {
  uint16_t status = 0;  // 0: not refused
  const char* code = "";

  explicit operator bool() const { return status != 0; }
};

}  // namespace brink::http
