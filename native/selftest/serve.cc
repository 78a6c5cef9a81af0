#include "selftest/serve.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <pthread.h>
#include <unistd.h>
#endif

#include "net/fd.h"

namespace brink::selftest {
namespace {

void read_stdin_to_its_end() {
  while (std::getchar() != EOF) {
  }
}

#if defined(_WIN32)

void prepare_for_signals() {}
void wait_for_the_end() { read_stdin_to_its_end(); }

#else

sigset_t signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// Before any thread is started: a thread inherits what is blocked, and these are to come to wait_for_the_end() only.
void prepare_for_signals() {
  sigset_t signals = signals_to_end();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// The end of stdin becomes a signal, so that there is one thing to wait for.
void wait_for_the_end() {
  std::thread([] {
    read_stdin_to_its_end();
    ::kill(::getpid(), SIGTERM);
  }).detach();
  sigset_t signals = signals_to_end();
  int signal;
  ::sigwait(&signals, &signal);
}

#endif

}  // namespace

int serve(Setup setup, int threads) {
  prepare_for_signals();
  setup.threaded = threads > 0;
  net::Opened opened = Server::open_listener(setup.port);
  if (opened.error != 0) {
    std::fprintf(stderr, "selftest cannot serve: %s: %s\n", opened.syscall, std::strerror(-opened.error));
    return 1;
  }
  net::Fd listener(opened.descriptor);
  setup.shared_listener = listener.get();
  std::vector<std::unique_ptr<Server>> servers;
  do {
    std::string refusal;
    std::unique_ptr<Server> server = Server::start(setup, &refusal);
    if (!server) {
      std::fprintf(stderr, "selftest cannot serve: %s\n", refusal.c_str());
      return 1;
    }
    servers.push_back(std::move(server));
  } while (static_cast<int>(servers.size()) < threads);
  std::printf("listening on 127.0.0.1:%d\n", servers.front()->port());
  std::fflush(stdout);
  wait_for_the_end();
  return 0;
}

}  // namespace brink::selftest
