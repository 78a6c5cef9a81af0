// `selftest serve`: serves the app on a port, for external clients.
#pragma once

#include "selftest/server.h"

namespace brink::selftest {

// Serves with `threads` reactors on threads of their own, or with a plain loop when it is 0. Returns the exit code
// when stdin is closed or SIGINT or SIGTERM arrives.
int serve(Setup setup, int threads);

}  // namespace brink::selftest
