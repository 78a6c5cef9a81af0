// Why a client is refused or cut off: each reason with a stable code, for whoever watches, and the status that the
// client is told, or 0 where it can be told nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace brink::http {

#define BRINK_REFUSALS(X)               \
  X(INVALID_REQUEST, 400)               \
  X(INVALID_REQUEST_LINE, 400)          \
  X(INVALID_METHOD, 400)                \
  X(INVALID_TARGET, 400)                \
  X(INVALID_VERSION, 400)               \
  X(MISSING_VERSION, 400)               \
  X(INVALID_FIELD, 400)                 \
  X(MISSING_HOST, 400)                  \
  X(REPEATED_HOST, 400)                 \
  X(INVALID_HOST, 400)                  \
  X(HOST_MISMATCH, 400)                 \
  X(INVALID_CONTENT_LENGTH, 400)        \
  X(INVALID_TRANSFER_ENCODING, 400)     \
  X(REPEATED_TRANSFER_ENCODING, 400)    \
  X(LENGTH_AND_TRANSFER_ENCODING, 400)  \
  X(TRANSFER_ENCODING_IN_HTTP_1_0, 400) \
  X(INVALID_CHUNK, 400)                 \
  X(INVALID_LINE_END, 400)              \
  X(HEADERS_TIMEOUT, 408)               \
  X(REQUEST_TIMEOUT, 408)               \
  X(REQUEST_TOO_SLOW, 408)              \
  X(BODY_TOO_LARGE, 413)                \
  X(CHUNK_OVERHEAD_TOO_LARGE, 413)      \
  X(TARGET_TOO_LONG, 414)               \
  X(UNKNOWN_EXPECTATION, 417)           \
  X(INSECURE_SCHEME, 421)               \
  X(HEADER_TOO_LARGE, 431)              \
  X(TOO_MANY_FIELDS, 431)               \
  X(UNKNOWN_METHOD, 501)                \
  X(UNKNOWN_TRANSFER_CODING, 501)       \
  X(TOO_MANY_CONNECTIONS, 503)          \
  X(UNSUPPORTED_VERSION, 505)           \
  X(WRITE_TIMEOUT, 0)                   \
  X(RESPONSE_TAKEN_TOO_SLOWLY, 0)       \
  X(INVALID_PROXY_HEADER, 0)            \
  X(PROXY_HEADER_TOO_LONG, 0)           \
  X(PROXY_HEADER_TIMEOUT, 0)            \
  X(UNTRUSTED_PROXY, 0)                 \
  X(PLAIN_HTTP, 400)                    \
  X(TLS_ON_PLAIN_PORT, 400)             \
  X(TLS_HANDSHAKE_FAILED, 0)            \
  X(TLS_HANDSHAKE_TIMEOUT, 0)           \
  X(TLS_BROKEN, 0)

enum class Refusal : uint8_t {
  none,
#define BRINK_REFUSAL(code, status) code,
  BRINK_REFUSALS(BRINK_REFUSAL)
#undef BRINK_REFUSAL
};

struct RefusalFacts {
  const char* code;
  uint16_t status;
};

// By the number of the refusal.
inline constexpr RefusalFacts kRefusals[] = {{"", 0},
#define BRINK_REFUSAL(code, status) {#code, status},
                                             BRINK_REFUSALS(BRINK_REFUSAL)
#undef BRINK_REFUSAL
};
inline constexpr size_t kRefusalCount = sizeof kRefusals / sizeof kRefusals[0];

// Whether it is for what the client has not done in time.
inline bool is_timeout(Refusal refusal) {
  switch (refusal) {
    case Refusal::HEADERS_TIMEOUT:
    case Refusal::REQUEST_TIMEOUT:
    case Refusal::REQUEST_TOO_SLOW:
    case Refusal::WRITE_TIMEOUT:
    case Refusal::RESPONSE_TAKEN_TOO_SLOWLY:
    case Refusal::PROXY_HEADER_TIMEOUT:
      return true;
    default:
      return false;
  }
}

inline uint16_t status_of(Refusal refusal) { return kRefusals[static_cast<size_t>(refusal)].status; }

}  // namespace brink::http
