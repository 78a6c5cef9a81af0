#include "net/thread.h"

#include <utility>

#include "net/platform.h"

namespace brink::net {

struct Thread::Running {
  std::function<void()> body;
  platform::ThreadHandle handle;
};

Thread::Thread() = default;
Thread::~Thread() = default;

int Thread::start(std::function<void()> body) {
  auto running = std::make_unique<Running>();
  running->body = std::move(body);
  if (int error = platform::start_thread(&running->handle, &running->body)) return -error;
  running_ = std::move(running);
  return 0;
}

void Thread::join() {
  platform::join_thread(running_->handle);
  running_.reset();
}

}  // namespace brink::net
