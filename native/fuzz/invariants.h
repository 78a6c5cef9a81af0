// What holds of a reactor between any two of its turns, whatever the system, the clients and the application did.
#pragma once

#include <deque>

#include "fuzz/application.h"
#include "fuzz/conversation.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/fake_poller.h"
#include "reactor/inspection.h"

namespace brink::fuzz {

class Invariants {
 public:
  struct Scene {
    const FakeKernel& kernel;
    const FakePoller& poller;
    const Application& application;
    const reactor::Reactor& reactor;
    const reactor::Options& options;
    const std::deque<Conversation>& conversations;
    net::Descriptor waker;
  };

  explicit Invariants(const Scene& scene) : scene_(scene), inside_{scene.reactor} {}

  // Always.
  void check() const;
  // When turn() has just returned as well.
  void check_after_turn() const;
  // When cut() has returned, and the application holds no replies back.
  void check_after_cut() const;

 private:
  void check_descriptors() const;
  void check_table() const;
  void check_readiness(const reactor::Connection& connection) const;
  void check_output(const reactor::Connection& connection) const;
  void check_answers(const reactor::Connection& connection) const;
  void check_stream(const reactor::Connection& connection) const;
  void check_deadline(const reactor::Connection& connection) const;
  bool is_looked_at_next(const reactor::Connection& connection) const;
  void check_ready_list() const;
  void check_listeners() const;
  void check_handing_over() const;
  void check_bodies() const;
  int64_t bodies_out() const;

  bool nothing_is_in_its_way(const reactor::Connection& connection) const;
  const Client& client_of(const reactor::Connection& connection) const;
  bool is_given_up(const reactor::Connection& connection) const;
  const Transcript& transcript_of(const reactor::Connection& connection) const;
  template <typename Check>
  void for_each_connection(Check check) const;

  Scene scene_;
  reactor::Inspection inside_;
};

}  // namespace brink::fuzz
