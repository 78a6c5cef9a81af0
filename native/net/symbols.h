// Functions of libraries that are in the process, or that can be loaded into it, by their names.
#pragma once

namespace brink::net {

// A loaded library; null is none.
using Library = void*;

namespace system {

// The program itself with all that it has loaded: valid for as long as the process lives.
Library this_program();
// Loads a library that is only for who asks for it here. Null when there is none of that name.
Library load_library(const char* name);
// Null when the library has no such function.
void* find_symbol(Library library, const char* name);

// Calls the function when the process ends in order, before the functions that were given earlier. Not on Windows,
// where no other thread is left by then.
void call_at_exit(void (*function)());

}  // namespace system
}  // namespace brink::net
