// Ends: with everything answered, and at once, under load.
#include <atomic>
#include <thread>

#if defined(__GLIBC__)
#include <pthread.h>
#endif

#include "selftest/trial.h"

namespace brink::selftest {
namespace {

void drain(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client idle(server->port()), busy(server->port());
  idle.send(get("/"));
  trial.expect_answer(idle.receive(), App::kConstant);
  // The first answer shows that the begin of the second request has arrived too.
  std::string second = get("/second");
  busy.send(get("/first") + second.substr(0, 10));
  trial.expect_answer(busy.receive(), "/first");
  server->drain();
  trial.expect(idle.sees_end(), "an idle connection to end");
  busy.send(second.substr(10));
  Response last = busy.receive();
  trial.expect_answer(last, "/second");
  trial.expect(last.closes(), "the last answer to say Connection: close");
  trial.expect(busy.sees_end(), "a drained connection to end");
  trial.expect(server->wait_until_idle(), "the last connection to end");
  trial.expect(!Client(server->port()).connected(), "nobody to listen any more");
}

// An idle connection stays for the next request, which is its last.
void drain_with_grace(Trial& trial) {
  constexpr uint64_t kLongMs = 3'600'000;
  Server* server = trial.serve();
  if (!server) return;
  Client idle(server->port()), fresh(server->port());
  idle.send(get("/"));
  trial.expect_answer(idle.receive(), App::kConstant);
  server->drain(kLongMs);
  // The begin of the drain is over when nobody listens any more.
  while (Client(server->port()).connected()) std::this_thread::yield();
  for (Client* client : {&idle, &fresh}) {
    client->send(get("/next"));
    Response last = client->receive();
    trial.expect_answer(last, "/next");
    trial.expect(last.closes(), "the answer to the next request to say Connection: close");
    trial.expect(client->sees_end(), "its connection to end");
    client->finish_sending();
  }
  trial.expect(server->wait_until_idle(), "the last connection to end");
  reactor::DrainedWork drained = server->stop().drained;
  trial.expect(drained.answered.requests == 2, "two requests to be counted as answered");
  trial.expect(drained.cut.requests + drained.lost.requests == 0, "no request to be counted as cut or lost");
}

// The end of an idle connection destroys nothing that is on its way: what comes after it is read, and not answered.
void grace_is_over(Trial& trial) {
  constexpr uint64_t kShortMs = 50;
  Server* server = trial.serve();
  if (!server) return;
  Client idle(server->port());
  idle.send(get("/"));
  trial.expect_answer(idle.receive(), App::kConstant);
  server->drain(kShortMs);
  trial.expect(idle.sees_end(), "an idle connection to end when the grace is over");
  uint64_t seen = server->stats().bytes_in;
  idle.send(get("/late"));
  while (server->stats().bytes_in == seen) std::this_thread::yield();
  trial.expect(server->stats().open == 1, "the connection to wait for the client's end");
  idle.finish_sending();
  trial.expect(server->wait_until_idle(), "the connection to end");
  trial.expect(server->stop().drained.answered.requests == 0, "nothing to be counted");
}

// Asks for more than it reads, until the server is gone.
void press(uint16_t port, const std::atomic<bool>& over, std::atomic<int>& answered) {
  const std::string requests = get("/a") + get("/large") + get("/") + get("/b");
  while (!over) {
    Client client(port);
    if (!client.connected()) return;
    bool told = false;
    while (client.send(requests) && !client.receive_some().empty()) {
      if (!std::exchange(told, true)) answered++;
    }
  }
}

void stop_under_load(Trial& trial) {
  constexpr int kClients = 4, kRounds = 20;
  for (int round = 0; round < kRounds; round++) {
    Server* server = trial.serve();
    if (!server) return;
    std::atomic<bool> over = false;
    std::atomic<int> answered = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; i++) {
      clients.emplace_back(press, server->port(), std::cref(over), std::ref(answered));
    }
    while (answered < kClients) std::this_thread::yield();
    over = true;
    // Half of them while a drain is under way.
    if (round % 2) server->drain();
    server->stop();
    for (std::thread& client : clients) client.join();
  }
}

void stop_with_a_busy_app(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client busy(server->port()), waiting(server->port());
  busy.send(get("/busy"));
  server->app().wait_until_busy();
  waiting.send(get("/large"));
  std::thread stopping([server] { server->stop(); });
  server->app().release();
  stopping.join();
  server->stop();
  trial.expect(!Client(server->port()).connected(), "nobody to listen any more");
}

void start_and_stop(Trial& trial) {
  for (int i = 0; i < 50; i++) {
    Server* server = trial.serve();
    if (!server) return;
    server->stop();
  }
}

#if defined(__GLIBC__)
// No machine has room for a stack of this size.
void thread_refused(Trial& trial) {
  pthread_attr_t before, huge;
  pthread_getattr_default_np(&before);
  pthread_attr_init(&huge);
  pthread_attr_setstacksize(&huge, size_t{1} << 46);
  pthread_setattr_default_np(&huge);
  std::string refusal;
  std::unique_ptr<Server> server = Server::start(trial.setup(), &refusal);
  pthread_setattr_default_np(&before);
  pthread_attr_destroy(&huge);
  pthread_attr_destroy(&before);
  trial.expect(!server && !refusal.empty(), "the refusal to be told");
}
#endif

bool is_threaded(const Setup& setup) { return setup.threaded; }

}  // namespace

std::vector<Case> cases_of_stopping() {
  return {
    {"drain lets everyone finish, and ends", drain},
        {"drain with a grace waits for the next request", drain_with_grace},
        {"drain ends idle connections when the grace is over", grace_is_over},
        {"a server stops under load", stop_under_load},
        {"a server stops while its app is busy", stop_with_a_busy_app, is_threaded},
        {"a server stops as soon as it has started", start_and_stop},
#if defined(__GLIBC__)
        {"a thread that the system refuses is an error", thread_refused, is_threaded},
#endif
  };
}

}  // namespace brink::selftest
