// `selftest serve`: the app behind a port, for clients from outside.
#pragma once

#include "selftest/server.h"

namespace brink::selftest {

// Serves with `threads` reactors, each on a thread of its own, or with a plain loop when it is 0. Returns the exit code
// when stdin is closed, or SIGINT or SIGTERM came.
int serve(Setup setup, int threads);

}  // namespace brink::selftest
