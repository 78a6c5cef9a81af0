// Hosts as the addon has them, with a client that may go at any time: some runtimes end it before libuv has closed the
// host's handles.
#include <uv.h>

#include <utility>
#include <vector>

#include "host/inline_host.h"
#include "host/thread_host.h"
#include "net/system.h"
#include "selftest/owned_block.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

// Owns what the addon's own reactor owns, so that all of it goes with it.
class Owner final : public host::Client {
 public:
  Owner(App& app, int* times_closed) : app_(app), times_closed_(times_closed) {}
  ~Owner() override {
    if (!host_) return;
    host::Host& host = *host_;
    host.outlive(std::move(host_));
  }

  int open(uv_loop_t* loop, const Setup& setup) {
    int error = 0;
    std::unique_ptr<poller::Poller> poller = setup.backend->open(&error);
    if (!poller) return error;
    std::vector<reactor::Block*> blocks;
    for (OwnedBlock& block : requests_) blocks.push_back(block.get());
    host_ = setup.threaded ? host::ThreadHost::open(loop, setup.options, std::move(poller), blocks, *this, &error)
                           : host::InlineHost::open(loop, setup.options, std::move(poller), blocks[0], *this, &error);
    if (!host_) return error;
    net::Opened opened = Server::open_listener(0);
    if (opened.error != 0) return opened.error;
    port_ = static_cast<uint16_t>(net::system::local_port(opened.descriptor));
    error = host_->add_listener(net::Fd(opened.descriptor), false, reactor::ProxyHeaders::off, nullptr);
    if (error == 0) host_->start();
    return error;
  }

  host::Host& host() { return *host_; }
  uint16_t port() const { return port_; }

 private:
  void on_batch(reactor::Batch& batch) override {
    reactor::Block* block = host_->next_reply_block();
    if (!block) {
      replies_.push_back(std::make_unique<OwnedBlock>());
      block = replies_.back()->get();
    }
    host_->reply(app_.answer(batch, block), host::Timing::with_the_batch);
  }
  void on_drained(host::Drained) override {}
  void on_closed() override { ++*times_closed_; }

  App& app_;
  int* times_closed_;
  uint16_t port_ = 0;
  std::unique_ptr<host::Host> host_;
  OwnedBlock requests_[host::ReactorThread::kBlocks];
  std::vector<std::unique_ptr<OwnedBlock>> replies_;
};

// How far the host has come with closing when its owner goes.
enum class Closing { not_begun, begun, done };

void go_while(Trial& trial, Closing closing) {
  uv_loop_t loop;
  App app;
  int times_closed = 0;
  auto owner = std::make_unique<Owner>(app, &times_closed);
  if (!trial.expect(owner->open(&loop, trial.setup()) == 0, "the host to open")) return;
  Client client(owner->port());
  client.send(get("/large"));
  trial.wait([&] { return loop.turn() && app.bodies_lent() == 1; }, "a large body to be lent");
  if (closing != Closing::not_begun) owner->host().close();
  if (closing == Closing::done) {
    trial.wait([&] { return !loop.turn(); }, "the handles to be closed");
  }
  owner.reset();
  trial.expect(app.bodies_out() == 0, "what was lent to be given back before its owner has gone");
  trial.wait([&] { return !loop.turn(); }, "the handles to be closed");
  trial.expect(times_closed == (closing == Closing::done ? 1 : 0), "nobody to be told who has gone");
  while (!client.receive_some().empty()) continue;
  trial.expect(client.sees_end(), "the connection to end");
}

void open(Trial& trial) { go_while(trial, Closing::not_begun); }
void closing(Trial& trial) { go_while(trial, Closing::begun); }
void closed(Trial& trial) { go_while(trial, Closing::done); }

bool can_be_hosted(const Setup& setup) { return setup.threaded || setup.backend->has_descriptor; }

}  // namespace

std::vector<Case> cases_of_hosts() {
  return {
      {"the owner of an open host goes", open, can_be_hosted},
      {"the owner of a host that is closing goes", closing, can_be_hosted},
      {"the owner of a closed host goes", closed, can_be_hosted},
  };
}

}  // namespace brink::selftest
