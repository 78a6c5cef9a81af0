// A thread of this process. std::thread throws when the system has none to give, which ends a program that is compiled
// without exceptions; here it is an error like any other.
#pragma once

#include <functional>
#include <memory>

namespace brink::net {

class Thread {
 public:
  Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();  // after join(), if it was started

  // Runs `body` on a new thread: 0, or the negative errno.
  int start(std::function<void()> body);
  bool joinable() const { return running_ != nullptr; }
  void join();

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace brink::net
