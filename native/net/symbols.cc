#include "net/symbols.h"

#include "net/platform_symbols.h"

namespace brink::net::system {

Library this_program() { return platform::this_program(); }
Library load_library(const char* name) { return platform::load_library(name); }
void* find_symbol(Library library, const char* name) { return platform::find_symbol(library, name); }
void call_at_exit(void (*function)()) { platform::call_at_exit(function); }

}  // namespace brink::net::system
