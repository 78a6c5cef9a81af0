// Differences between systems in how functions of libraries are found: see symbols.h.
#pragma once

#if defined(_WIN32)
// It has windows.h, behind winsock2.h.
#include "net/platform.h"
#else
#include <dlfcn.h>

#include <cstdlib>
#endif

namespace brink::net::platform {

#if defined(_WIN32)

inline void* this_program() { return reinterpret_cast<void*>(::GetModuleHandleW(nullptr)); }
// There, programs carry their OpenSSL with them, and none is in a place that everybody knows.
inline void* load_library(const char*) { return nullptr; }
inline void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(::GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}
inline void call_at_exit(void (*)()) {}

#else

inline void* this_program() { return ::dlopen(nullptr, RTLD_NOW); }
// With all that it needs, and what it has no address of is not found in the middle of a connection.
inline void* load_library(const char* name) { return ::dlopen(name, RTLD_NOW | RTLD_LOCAL); }
inline void* find_symbol(void* library, const char* name) { return ::dlsym(library, name); }
inline void call_at_exit(void (*function)()) { std::atexit(function); }

#endif

}  // namespace brink::net::platform
