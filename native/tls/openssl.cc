#include "tls/openssl.h"

#include <cstring>
#include <iterator>

#include "net/symbols.h"

namespace brink::tls {
namespace {

namespace system = net::system;

// Where a runtime has its TLS for itself: Bun and Deno.
constexpr const char* kLibraries[] = {"libssl.so.3", "libssl.so.4"};

constexpr const char* kNames[] = {
#define BRINK_NAME(result, name, parameters) #name,
    BRINK_OPENSSL_FUNCTIONS(BRINK_NAME)
#undef BRINK_NAME
};

// The first function that the library does not have, or null.
const char* bind(net::Library library, OpenSsl* into) {
  static_assert(sizeof(OpenSsl) == std::size(kNames) * sizeof(void*), "it has one pointer for each name, in order");
  auto* at = reinterpret_cast<char*>(into);
  for (const char* name : kNames) {
    void* function = system::find_symbol(library, name);
    if (!function) return name;
    std::memcpy(at, &function, sizeof function);
    at += sizeof function;
  }
  return nullptr;
}

bool has(net::Library library, const char* name) { return library && system::find_symbol(library, name) != nullptr; }

[[gnu::cold]] Binding look() {
  static OpenSsl functions;
  Binding found;
  net::Library library = system::this_program();
  // Only OpenSSL has this function, since 3.0; what else exports SSL_CTX_new is BoringSSL, LibreSSL or OpenSSL 1.
  if (!has(library, "OPENSSL_version_major")) {
    if (has(library, "SSL_CTX_new")) {
      found.why_not = "the TLS library of this process is not OpenSSL 3 or 4";
      return found;
    }
    library = nullptr;
    for (const char* name : kLibraries) {
      if (!library) library = system::load_library(name);
    }
    if (!has(library, "OPENSSL_version_major")) {
      found.why_not = "this process has no OpenSSL, and the library libssl.so.3 is not installed";
      return found;
    }
  }
  const char* missing = bind(library, &functions);
  if (missing) {
    found.why_not = std::string("the OpenSSL of this process has no ") + missing;
    return found;
  }
  unsigned int major = functions.OPENSSL_version_major();
  found.version = std::to_string(major) + "." + std::to_string(functions.OPENSSL_version_minor()) + "." +
                  std::to_string(functions.OPENSSL_version_patch());
  if (major < 3) {
    found.why_not = "the OpenSSL of this process is " + found.version + ", and at least 3.0 is needed";
    return found;
  }
  // So that what it does when the process ends is known to the system before what is done for it here.
  if (functions.OPENSSL_init_ssl(0, nullptr) != 1) {
    found.why_not = "OpenSSL " + found.version + " cannot be initialized: " + functions.take_error();
    return found;
  }
  found.openssl = &functions;
  return found;
}

}  // namespace

const char* OpenSsl::take_reason() const {
  unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason ? reason : "unknown error";
}

std::string OpenSsl::take_error() const {
  const char *data = nullptr, *file, *function;
  int line, flags = 0;
  unsigned long error = ERR_get_error_all(&file, &line, &function, &data, &flags);
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason ? reason : "unknown error";
  constexpr int kIsText = 2;  // ERR_TXT_STRING
  if (data && (flags & kIsText) != 0 && data[0] != '\0') text += std::string(" (") + data + ")";
  ERR_clear_error();
  return text;
}

const Binding& openssl_of_process() {
  static const Binding binding = look();
  return binding;
}

}  // namespace brink::tls
