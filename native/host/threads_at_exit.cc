#include "host/threads_at_exit.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "host/reactor_thread.h"
#include "net/symbols.h"

namespace brink::host {
namespace {

struct Threads {
  std::mutex lock;
  std::vector<ReactorThread*> running;
  bool is_registered = false;
};

// Never destroyed, because that would happen at exit as well.
Threads& threads() {
  static auto* all = new Threads();
  return *all;
}

// Held by the lock, so that none of them is destroyed meanwhile.
void end_all() {
  std::lock_guard<std::mutex> guard(threads().lock);
  for (ReactorThread* thread : threads().running) thread->end_at_exit();
}

}  // namespace

void end_at_exit_too(ReactorThread& thread) {
  std::lock_guard<std::mutex> guard(threads().lock);
  if (!threads().is_registered) net::system::call_at_exit(end_all);
  threads().is_registered = true;
  threads().running.push_back(&thread);
}

void forget_at_exit(ReactorThread& thread) {
  std::lock_guard<std::mutex> guard(threads().lock);
  auto& running = threads().running;
  running.erase(std::remove(running.begin(), running.end(), &thread), running.end());
}

}  // namespace brink::host
