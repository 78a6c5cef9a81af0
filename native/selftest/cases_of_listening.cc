// Servers that listen at one socket together, and what the connections that come out of a listener have been told.
#include <cerrno>

#include "net/platform.h"
#include "reactor/reactor.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

// A listener that two servers share.
class Shared {
 public:
  explicit Shared(Trial& trial) : setup_(trial.setup()) {
    net::Opened opened = Server::open_listener(0);
    if (!trial.expect(opened.error == 0, "a listener")) return;
    listener_ = net::Fd(opened.descriptor);
    setup_.shared_listener = listener_.get();
    first = trial.serve(setup_);
    second = trial.serve(setup_);
  }
  bool serves() const { return first && second; }
  uint16_t port() const { return first->port(); }
  // From then on the servers are the only ones that listen.
  void close() { listener_.reset(); }

  Server* first = nullptr;
  Server* second = nullptr;

 private:
  Setup setup_;
  net::Fd listener_;
};

uint64_t accepted(Server* server) { return server->stats().accepted; }

void ask(Trial& trial, uint16_t port) {
  Client client(port);
  client.send(get("/asked"));
  trial.expect_answer(client.receive(), "/asked");
}

void both_are_asked(Trial& trial) {
  Shared shared(trial);
  if (!shared.serves()) return;
  shared.close();
  uint64_t asked = 0;
  // Which of them wakes first is chance with some backends.
  while (asked < 2000 && (asked < 50 || accepted(shared.first) == 0 || accepted(shared.second) == 0)) {
    ask(trial, shared.port());
    asked++;
  }
  uint64_t first = shared.first->stop().accepted, second = shared.second->stop().accepted;
  trial.remark(std::to_string(first) + " and " + std::to_string(second));
  trial.expect(first > 0 && second > 0, "both to accept");
  trial.expect(first + second == asked, "each connection to be accepted once");
}

// A listener that one of them has closed must not take what is meant for the other.
void one_ends_earlier(Trial& trial) {
  constexpr int kAsked = 60;
  Shared shared(trial);
  if (!shared.serves()) return;
  shared.close();
  for (int i = 0; i < 10; i++) ask(trial, shared.port());
  shared.first->drain();
  if (!trial.expect(shared.first->wait_until_idle(), "the first one to end")) return;
  uint64_t before = accepted(shared.first);
  for (int i = 0; i < kAsked; i++) ask(trial, shared.port());
  trial.expect(accepted(shared.first) == before, "the first one to accept nobody");
  shared.second->drain();
  trial.expect(shared.second->wait_until_idle(), "the second one to end");
  trial.expect(!Client(shared.port()).connected(), "nobody to listen any more");
}

void nobody_else(Trial& trial) {
  Shared shared(trial);
  if (!shared.serves()) return;
  shared.close();
  net::Address address;
  net::system::parse_address("127.0.0.1", shared.port(), &address);
  for (bool reuse_port : {false, true}) {
    net::ListenOptions options;
    options.reuse_port = reuse_port;
    net::Opened opened = net::system::open_listener(address, options);
    net::Fd closed(opened.descriptor);
    // Where ports cannot be shared, it is refused for that.
    bool refused = opened.error == -EADDRINUSE || (reuse_port && opened.error == -ENOTSUP);
    trial.expect(refused, "the port to be taken, not " + std::to_string(opened.error));
  }
}

void claimed(Trial& trial) {
  net::Address address;
  net::system::parse_address("127.0.0.1", 0, &address);
  net::ListenOptions claims;
  claims.reuse_port = claims.claims_port = true;
  net::Opened opened = net::system::open_listener(address, claims);
  if (opened.error == -ENOTSUP) return;
  if (!trial.expect(opened.error == 0, "a port to claim")) return;
  net::Fd first(opened.descriptor);
  address.port = static_cast<uint16_t>(net::system::local_port(first.get()));
  net::ListenOptions joins;
  joins.reuse_port = true;
  net::Fd second(net::system::open_listener(address, joins).descriptor);
  trial.expect(static_cast<bool>(second), "others to join");
  net::Fd third(net::system::open_listener(address, claims).descriptor);
  trial.expect(!third, "a shared port not to be claimed again");
}

int option_of(net::Descriptor descriptor, int level, int option) {
  int value = -1;
  net::platform::Size size = sizeof value;
  ::getsockopt(static_cast<net::platform::Socket>(descriptor), level, option, reinterpret_cast<char*>(&value), &size);
  return value;
}

void silent_peers(Trial& trial) {
  net::Opened opened = Server::open_listener(0);
  if (!trial.expect(opened.error == 0, "a listener")) return;
  net::Fd listener(opened.descriptor);
  Client client(static_cast<uint16_t>(net::system::local_port(listener.get())));
  net::Address peer;
  int64_t got = -EAGAIN;
  while (got == -EAGAIN) got = net::system::accept(listener.get(), &peer);
  if (!trial.expect(got >= 0, "a connection")) return;
  net::Fd connection(static_cast<net::Descriptor>(got));
  trial.expect(option_of(connection.get(), SOL_SOCKET, SO_KEEPALIVE) != 0, "a silent peer to be asked");
  trial.expect(option_of(connection.get(), IPPROTO_TCP, TCP_NODELAY) != 0, "small answers not to wait");
#if defined(__linux__)
  trial.expect(option_of(connection.get(), IPPROTO_TCP, TCP_KEEPIDLE) == 60, "it to be asked after a minute");
  trial.expect(option_of(connection.get(), IPPROTO_TCP, TCP_KEEPINTVL) == 10, "it to be asked every ten seconds");
  trial.expect(option_of(connection.get(), IPPROTO_TCP, TCP_KEEPCNT) == 6, "it to be asked six times");
#endif
}

void ask_again(Trial& trial, Client& client, std::string_view target) {
  client.send(get(target));
  trial.expect_answer(client.receive(), target);
}

void accepts_at_a_pace(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client first(server->port());
  ask_again(trial, first, "/first");
  server->pace_accepts(reactor::Reactor::kAcceptsNone);
  ask_again(trial, first, "/held");
  Client second(server->port());
  second.send(get("/second"));
  for (int i = 0; i < 20; i++) ask_again(trial, first, "/meanwhile");
  trial.expect(accepted(server) == 1, "the second one to wait");
  server->pace_accepts(2'000);
  trial.expect_answer(second.receive(), "/second");
  for (int i = 0; i < 10; i++) ask(trial, server->port());
  server->pace_accepts(reactor::Reactor::kAcceptsNone);
  ask_again(trial, first, "/held");
  Client third(server->port());
  third.send(get("/third"));
  server->pace_accepts(0);
  trial.expect_answer(third.receive(), "/third");
  // One that waits when the server is closed has its answer.
  server->pace_accepts(reactor::Reactor::kAcceptsNone);
  ask_again(trial, first, "/held");
  Client last(server->port());
  last.send(get("/last"));
  server->drain();
  trial.expect_answer(last.receive(), "/last");
}

void small_receive_buffers(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  server->limit_receive_buffer(4096);
  ask(trial, server->port());
  server->limit_receive_buffer(8192);
  ask(trial, server->port());
  server->limit_receive_buffer(0);
  ask(trial, server->port());
  net::Fd socket(Server::open_listener(0).descriptor);
  int before = 0, limited = 0, after = 0;
  trial.expect(net::system::receive_buffer(socket.get(), &before) == 0 && before > 4096, "a usual buffer");
  net::system::set_receive_buffer(socket.get(), 4096);
  net::system::receive_buffer(socket.get(), &limited);
  net::system::reset_receive_buffer(socket.get(), before);
  net::system::receive_buffer(socket.get(), &after);
  // A kernel that doubles what is set gives more, where the program does not know it for such a one.
  trial.expect(limited < before && after >= before, "a smaller buffer, and then the usual one at least");
}

}  // namespace

std::vector<Case> cases_of_listening() {
  return {
      {"servers that share a listener are both asked", both_are_asked},
      {"a server that ends leaves a shared listener to the others", one_ends_earlier},
      {"a port of several servers is nobody else's", nobody_else},
      {"a claimed port is shared with those who join, and claimed once", claimed},
      {"connections are accepted at the pace that somebody wants", accepts_at_a_pace},
      {"a receive buffer is limited for new connections, and not for ever", small_receive_buffers},
      {"a silent peer is asked whether it is still there", silent_peers, once},
  };
}

}  // namespace brink::selftest
