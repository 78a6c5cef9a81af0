// Many clients at a time, up to what a poller takes and beyond.
#include <algorithm>
#include <atomic>
#include <deque>
#include <string>
#include <thread>

#include "selftest/descriptor_limit.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Under Wine a wait for a thousand sockets takes long.
#if defined(_WIN32)
constexpr bool kTakesThousands = false;
#else
constexpr bool kTakesThousands = true;
#endif

// Each client has two descriptors here, its own and the server's.
size_t most_clients(size_t wanted) {
  constexpr size_t kOthers = 100;
  size_t limit = raise_descriptor_limit(2 * wanted + kOthers);
  return std::min(wanted, (std::max(limit, kOthers) - kOthers) / 2);
}

void many_clients(Trial& trial) {
  constexpr int kClients = 200, kRounds = 5;
  Server* server = trial.serve();
  if (!server) return;
  std::deque<Client> clients;
  for (int i = 0; i < kClients; i++) clients.emplace_back(server->port());
  for (int round = 0; round < kRounds; round++) {
    for (Client& client : clients) client.send(get("/"));
    for (Client& client : clients) {
      if (!trial.expect_answer(client.receive(), App::kConstant)) return;
    }
  }
  trial.expect(server->stop().requests == kClients * kRounds, "every request to be counted");
}

void ask_often(uint16_t port, std::atomic<int>& answered) {
  constexpr int kRequests = 200;
  Client client(port);
  for (int i = 0; i < kRequests; i++) {
    std::string target = "/" + std::to_string(i);
    if (!client.send(get(target)) || client.receive().body != target) return;
  }
  answered++;
}

void clients_at_once(Trial& trial) {
  constexpr int kClients = 8;
  Server* server = trial.serve();
  if (!server) return;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; i++) clients.emplace_back(ask_often, server->port(), std::ref(answered));
  for (std::thread& client : clients) client.join();
  trial.expect(answered == kClients, "every client to get its own answers");
}

// The app sits on its first batch while requests arrive that fill all the blocks; then it answers them all.
void all_blocks_taken(Trial& trial) {
  constexpr int kClients = 8, kRequests = 60;
  // The last block takes this much at least, and then not much more.
  constexpr uint64_t kNearlyABlock = layout::kBlockBytes / 3;
  const std::string target = "/" + std::string(8000, 't');
  Server* server = trial.serve();
  if (!server) return;
  Client busy(server->port());
  busy.send(get("/busy"));
  server->app().wait_until_busy();
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; i++) {
    clients.emplace_back([&] {
      Client client(server->port());
      std::thread sender([&] {
        for (int request = 0; request < kRequests; request++) client.send(get(target));
      });
      for (int request = 0; request < kRequests; request++) answered += client.receive().body == target;
      sender.join();
    });
  }
  while (server->stats().bytes_in < kNearlyABlock) std::this_thread::yield();
  server->app().release();
  for (std::thread& client : clients) client.join();
  trial.expect_answer(busy.receive(), App::kConstant);
  trial.expect(answered == kClients * kRequests, "every request to be answered");
}

// Requests fill a block to its end in the same turn in which so many clients leave that the block has no room to tell
// of them: the requests behind it are answered without waiting for anything else to happen.
void full_block_and_many_who_leave(Trial& trial) {
  constexpr int kLeaving = 40, kPipelined = 64;
  constexpr int kWords = layout::kRequestFields + 2;
  constexpr int kClients = static_cast<int>(layout::kBlockWords) / kWords / kPipelined + 1;
  Setup setup = trial.setup();
  setup.options.limits.fields = 2;
  Server* server = trial.serve(setup);
  if (!server) return;
  std::deque<Client> leaving, clients;
  for (int i = 0; i < kLeaving; i++) leaving.emplace_back(server->port());
  for (int i = 0; i < kClients; i++) clients.emplace_back(server->port());
  for (Client& client : leaving) client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody");
  for (Client& client : clients) {
    client.send(get("/first"));
    if (!trial.expect_answer(client.receive(), "/first")) return;
  }
  Client busy(server->port());
  busy.send(get("/busy"));
  server->app().wait_until_busy();
  for (Client& client : leaving) client.vanish();
  std::string requests;
  for (int i = 0; i < kPipelined; i++) requests += get("/" + std::to_string(i));
  for (Client& client : clients) client.send(requests);
  server->app().release();
  for (Client& client : clients) {
    for (int i = 0; i < kPipelined; i++) {
      if (!trial.expect_answer(client.receive(), "/" + std::to_string(i))) return;
    }
  }
  trial.expect_answer(busy.receive(), App::kConstant);
}

// Those above the limit are told, or turned away; the others are served, then and later.
void more_than_select_takes(Trial& trial) {
  constexpr size_t kClients = 1100;
  if (!trial.expect(most_clients(kClients) == kClients, "the descriptors for 1,100 clients")) return;
  Server* server = trial.serve();
  if (!server) return;
  std::deque<Client> clients;
  for (size_t i = 0; i < kClients; i++) clients.emplace_back(server->port());
  for (Client& client : clients) client.send(get("/"));
  std::vector<Client*> served;
  size_t told = 0;
  for (Client& client : clients) {
    Response response = client.receive();
    if (response.status == 200) served.push_back(&client);
    if (response.status == 503) told++;
    bool expected = response.status == 200 || response.status == 503 || client.sees_end();
    if (!trial.expect(expected, "200, 503 or the end, not " + std::to_string(response.status))) return;
  }
  trial.expect(told > 0, "some to be told");
  trial.expect(served.size() > 100, "some to be served");
  for (Client* client : served) {
    client->send(get("/again"));
    if (!trial.expect_answer(client->receive(), "/again")) return;
  }
  trial.expect(server->stop().shed == kClients - served.size(), "those that were turned away to be counted");
  trial.remark(std::to_string(served.size()) + " served, " + std::to_string(told) + " told");
}

void thousands(Trial& trial) {
  size_t most = most_clients(kSanitized ? 2'000 : 10'000);
  if (!trial.expect(most >= 2'000, "the descriptors for 2,000 clients")) return;
  Server* server = trial.serve();
  if (!server) return;
  std::deque<Client> clients;
  for (size_t i = 0; i < most; i++) clients.emplace_back(server->port());
  for (Client& client : clients) client.send(get("/"));
  for (Client& client : clients) {
    if (!trial.expect_answer(client.receive(), App::kConstant)) return;
  }
  trial.expect(server->stop().shed == 0, "nobody to be turned away");
  trial.remark(std::to_string(most) + " clients");
}

}  // namespace

std::vector<Case> cases_of_crowds() {
  return {
      {"200 clients are answered in turn", many_clients},
      {"clients on many threads get their own answers", clients_at_once},
      {"requests wait while the app has all the blocks", all_blocks_taken,
       [](const Setup& setup) { return setup.threaded; }},
      {"requests behind a full block are answered while many leave", full_block_and_many_who_leave},
      {"1,100 clients are more than select takes", more_than_select_takes,
       [](const Setup& setup) { return setup.backend->name == "select" && (kTakesThousands || !setup.threaded); }},
      {"10,000 clients, or 2,000 under a sanitizer", thousands,
       [](const Setup& setup) { return setup.backend->name != "select" && kTakesThousands; }},
  };
}

}  // namespace brink::selftest
