// `selftest repeat`: runs hot paths a given number of times, so that their cost can be counted.
#pragma once

#include <string_view>

namespace brink::selftest {

// Runs one reactor on this thread, with clients on simulated sockets that deliver at once: the result depends only on
// the arguments, not on a network or a scheduler. Returns the exit code, 0 when each request was answered; lists the
// courses when there is none of that name.
int repeat(std::string_view course, int times);

}  // namespace brink::selftest
