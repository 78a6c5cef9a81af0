// A reactor, the system beneath it and the application above it, moved by a script; and what each client is told by
// them. The invariants are checked after every step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fuzz/application.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/fake_poller.h"
#include "fuzz/invariants.h"
#include "fuzz/script.h"
#include "fuzz/setup.h"
#include "fuzz/transcript.h"
#include "net/waker.h"
#include "reactor/reactor.h"

namespace brink::fuzz {

class World final : private Witness {
 public:
  explicit World(const Setup& setup);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() override;

  // An instruction of the script, and what follows from it. The letters are listed in world.cc.
  void step(Script& script);
  // From now on nobody does anything but answer, and everything must come to its end by itself.
  void end();

  void connect(size_t count);
  void client_sends(size_t client, const std::string& bytes, size_t times);
  void turn(int timeout_ms);
  Application& application() { return application_; }

 private:
  // A client as JavaScript was told of it.
  struct Acquaintance {
    bool is_known = false;
    reactor::ConnectionId id = {0, 0};
    uint32_t requests = 0;
    bool ended_in_order = false;
  };

  bool step_of_client(char instruction, Script& script);
  bool step_of_kernel(char instruction, Script& script);
  bool step_of_application(char instruction, Script& script);
  void plan_outcome(Script& script);
  void send_raw_replies(Script& script);
  void sleep();
  void apply(reactor::Replies replies);
  void drain();
  void cut();
  Invariants invariants() const;

  void on_sent(size_t client, const char* bytes, size_t size) override;
  void on_end_said(size_t client) override;
  void on_closed(size_t client) override;
  void on_request(const ToldRequest& request);
  void check_ended_in_order(size_t client);
  uint64_t cut_off() const;

  const Setup setup_;
  FakeKernel kernel_;
  Application application_;
  std::vector<Transcript> transcripts_;
  std::vector<Acquaintance> acquaintances_;
  size_t bytes_sent_ = 0;  // by clients
  uint64_t cut_off_seen_ = 0;
  bool cutting_ = false;
  net::Waker waker_;
  FakePoller* poller_;  // the reactor's
  std::unique_ptr<reactor::Reactor> reactor_;
};

}  // namespace brink::fuzz
