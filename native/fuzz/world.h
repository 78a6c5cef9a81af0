// A reactor, the system beneath it and the application above it, moved by a script; and what is said between each
// client and the application. The invariants are checked after every step.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "fuzz/application.h"
#include "fuzz/conversation.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/fake_poller.h"
#include "fuzz/invariants.h"
#include "fuzz/logged.h"
#include "fuzz/script.h"
#include "fuzz/setup.h"
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
  bool step_of_client(char instruction, Script& script);
  bool step_of_kernel(char instruction, Script& script);
  bool step_of_application(char instruction, Script& script);
  bool step_of_a_stream(char instruction, Script& script);
  void plan_outcome(Script& script);
  void send_raw_replies(Script& script);
  void sleep();
  void come_to_rest();
  void apply(reactor::Replies replies);
  void drain(uint64_t grace_ms = 0);
  void cut();
  Invariants invariants() const;
  void read_log();

  void on_sent(size_t client, const char* bytes, size_t size) override;
  void on_end_said(size_t client) override;
  void on_closed(size_t client) override;
  void on_request(const ToldRequest& request);
  void on_opened(reactor::ConnectionId id, size_t client);
  void on_body(const ToldBody& body);
  void check_cut_off(const Conversation& conversation) const;
  Conversation& with(reactor::ConnectionId id);
  void check_ended_in_order(size_t client);
  void check_told_gone(const Conversation& conversation) const;
  bool has_vanished(size_t client) const;
  bool may_have_been_asked(size_t client) const;
  uint64_t cut_off() const;
  uint64_t count_of(http::Refusal refusal) const;

  const Setup setup_;
  FakeKernel kernel_;
  Application application_;
  std::deque<Conversation> conversations_;    // by the client's number
  std::map<uint64_t, size_t> clients_known_;  // by the token of their connection
  Logged logged_;
  size_t bytes_sent_ = 0;  // by clients
  uint64_t cut_off_seen_ = 0;
  uint64_t write_timeouts_seen_ = 0;
  bool cutting_ = false;
  bool applying_ = false;
  bool draining_ = false;
  net::Waker waker_;
  FakePoller* poller_;  // the reactor's
  std::unique_ptr<reactor::Reactor> reactor_;
};

}  // namespace brink::fuzz
