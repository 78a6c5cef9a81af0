// The core as a program of its own, without Node: what sanitizers, fuzzers and other systems run.
//
//   selftest [WORD]                                                   its cases, or those whose line contains WORD
//   selftest serve [--backend NAME] [--port N] [--threads N] [--tls 1]   serves until stdin is closed
//   selftest repeat COURSE TIMES                                      a hot path by itself, for whoever counts its cost
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "selftest/repeat.h"
#include "selftest/serve.h"
#include "selftest/tls_client.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

struct Count {
  int passed = 0;
  int failed = 0;
};

void run_case(const Case& each, const Setup& setup, const std::string& line, Count& count) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point began = Clock::now();
  Trial trial(setup);
  each.run(trial);
  trial.end();
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  bool passed = trial.failure().empty();
  passed ? count.passed++ : count.failed++;
  const std::string& note = passed ? trial.remark() : trial.failure();
  std::printf("%s %s  %d ms%s%s\n", passed ? "ok  " : "FAIL", line.c_str(), static_cast<int>(took.count()),
              note.empty() ? "" : "  ", note.c_str());
  std::fflush(stdout);
}

int run_cases(std::string_view wanted) {
  Count count;
  for (const auto& cases : {cases_of_parsing(), cases_of_requests(), cases_of_clients(), cases_of_listening(),
                            cases_of_stopping(), cases_of_crowds(), cases_of_files(), cases_of_polling(),
                            cases_of_hosts(), cases_of_observing(), cases_of_tls()}) {
    for (const Case& each : cases) {
      for (const poller::Backend& backend : poller::backends()) {
        for (bool threaded : {false, true}) {
          Setup setup;
          setup.backend = &backend;
          setup.threaded = threaded;
          std::string line = std::string(each.name) + " [" + std::string(backend.name) + (threaded ? " thread]" : "]");
          if (each.applies(setup) && line.find(wanted) != std::string::npos) run_case(each, setup, line, count);
        }
      }
    }
  }
  std::printf("%d passed, %d failed\n", count.passed, count.failed);
  return count.failed == 0 && count.passed > 0 ? 0 : 1;
}

int usage(const char* why) {
  std::fprintf(
      stderr, "%s\nusage: selftest [WORD] | selftest serve [--backend NAME] [--port N] [--threads N] [--tls 1]\n", why);
  return 2;
}

int run_serve(int argc, char** argv) {
  Setup setup;
  std::string_view backend = "auto";
  int threads = 0;
  for (int i = 0; i < argc; i += 2) {
    std::string_view option = argv[i];
    if (i + 1 >= argc) return usage("an option needs a value");
    if (option == "--backend") {
      backend = argv[i + 1];
    } else if (option == "--port") {
      setup.port = static_cast<uint16_t>(std::atoi(argv[i + 1]));
    } else if (option == "--threads") {
      threads = std::atoi(argv[i + 1]);
    } else if (option == "--tls") {
      if (const char* why_not = why_no_tls()) return usage(why_not);
      std::string why_not;
      setup.contexts = make_test_contexts(&why_not);
      if (!setup.contexts) return usage(why_not.c_str());
    } else {
      return usage("an option that there is not");
    }
  }
  setup.backend = poller::find_backend(backend);
  return setup.backend ? serve(setup, threads) : usage("a backend that this build does not have");
}

}  // namespace
}  // namespace brink::selftest

int main(int argc, char** argv) {
#if defined(SIGPIPE)
  // As Node does: where no flag keeps it away, a client that is gone would end the process.
  std::signal(SIGPIPE, SIG_IGN);
#endif
  std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "serve") return brink::selftest::run_serve(argc - 2, argv + 2);
  if (command == "repeat") return brink::selftest::repeat(argc > 2 ? argv[2] : "", argc > 3 ? std::atoi(argv[3]) : 0);
  return brink::selftest::run_cases(command);
}
