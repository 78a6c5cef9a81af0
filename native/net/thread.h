// A thread. std::thread throws when the system cannot create one, which would end a program that is compiled without
// exceptions; here it is a normal error.
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

  // Runs `body` on a new thread. Returns 0 or a negative errno.
  int start(std::function<void()> body);
  bool joinable() const { return running_ != nullptr; }
  void join();

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace brink::net
