// `selftest repeat`: the hot paths by themselves, as often as is said, for whoever counts what they cost.
#pragma once

#include <string_view>

namespace brink::selftest {

// One reactor, turned on this thread, and clients of it over sockets that deliver at once: a run is a function of its
// arguments, and of nothing that the network or a scheduler does. Returns the exit code: 0 when each request was
// answered; without a course of that name it lists them.
int repeat(std::string_view course, int times);

}  // namespace brink::selftest
