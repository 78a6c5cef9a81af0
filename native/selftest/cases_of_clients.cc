// Clients that are slow, silent, half gone or gone.
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

bool is_large_body(std::string_view body) {
  if (body.size() != App::kLargeBytes) return false;
  for (size_t at = 0; at < body.size(); at++) {
    if (body[at] != App::large_byte(at)) return false;
  }
  return true;
}

// Asks for a large answer again and again and reads none, until a socket has not taken the whole of one: how much
// sockets take differs from system to system, and grows while they are used. How often it has asked.
size_t fill_sockets(Trial& trial, Server* server, Client& client, std::string_view target) {
  constexpr size_t kMost = 100;
  App& app = server->app();
  auto is_full = [server] { return server->stats().partial_writes > 0; };
  size_t asked = 0;
  while (!is_full()) {
    if (!trial.expect(asked < kMost, "a socket that does not take everything")) return asked;
    client.send(get(target));
    asked++;
    auto was_taken = [&] { return app.bodies_lent() == static_cast<int64_t>(asked) && app.bodies_out() == 0; };
    if (!trial.wait([&] { return was_taken() || is_full(); }, "the next answer to be sent")) return asked;
  }
  return asked;
}

void slow_reader(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  size_t asked = fill_sockets(trial, server, client, "/large");
  client.send(get("/small") + get("/large"));
  for (size_t i = 0; i < asked; i++) trial.expect(is_large_body(client.receive().body), "the large body, whole");
  trial.expect_answer(client.receive(), "/small");
  trial.expect(is_large_body(client.receive().body), "the large body again");
}

// What was sent before the memory was gone arrives. The last answer that was asked for never does: it waits for room
// when its memory goes, or has none from the start.
void vanishing_body(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  size_t asked = fill_sockets(trial, server, client, "/vanishing");
  server->app().take_memory();
  client.send(get("/vanishing"));
  size_t received = 0;
  for (std::string some = client.receive_some(); !some.empty(); some = client.receive_some()) received += some.size();
  trial.expect(received < (asked + 1) * App::kLargeBytes, "an answer that is cut short");
  trial.expect(client.sees_end(), "the end of the connection");
  // What the app was told before.
  Client next(server->port());
  next.send(get("/"));
  trial.expect_answer(next.receive(), App::kConstant);
  trial.expect(server->app().bodies_changed() == 1, "the app to be told");
}

void half_close(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  client.send(get("/1") + get("/2") + get("/large"));
  client.finish_sending();
  trial.expect_answer(client.receive(), "/1");
  trial.expect_answer(client.receive(), "/2");
  trial.expect(is_large_body(client.receive().body), "the large body, whole");
  trial.expect(client.sees_end(), "the end after the last answer");
}

void vanishing(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  for (int i = 0; i < 50; i++) {
    Client in_request(server->port()), in_response(server->port()), unheard(server->port());
    in_request.send("GET / HTTP/1.1\r\nHos");
    in_response.send(get("/large") + get("/large"));
    trial.expect(!in_response.receive_some().empty(), "the begin of an answer");
    unheard.send(get("/large") + get("/"));
    in_request.vanish();
    in_response.vanish();
    unheard.vanish();
  }
  Client client(server->port());
  client.send(get("/"));
  trial.expect_answer(client.receive(), App::kConstant);
  server->drain();
  trial.expect(server->wait_until_idle(), "the last connection to end");
}

void idle_client(Trial& trial) {
  Setup setup = trial.setup();
  setup.options.keep_alive_timeout_ms = 1;
  Server* server = trial.serve(setup);
  if (!server) return;
  Client client(server->port());
  trial.expect(client.sees_end(), "the end of an idle connection");
  trial.expect(server->stop().idle_timeouts == 1, "one timeout");
}

void unfinished_head(Trial& trial) {
  Setup setup = trial.setup();
  setup.options.headers_timeout_ms = 1;
  Server* server = trial.serve(setup);
  if (!server) return;
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\n");
  trial.expect_status(client.receive(), 408);
  trial.expect(client.sees_end(), "the end after a timeout");
}

// Elsewhere the byte may stand in the stream.
bool on_linux(const Setup&) {
#if defined(__linux__)
  return true;
#else
  return false;
#endif
}

// recv() stops at the mark, which is not the end of what has come. It depends on the moment, so it is tried often.
void urgent_data(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  std::string request = get("/small");
  for (int i = 0; i < 200; i++) {
    Client client(server->port());
    client.send(request.substr(0, 20));
    client.send_urgent('!');
    client.send(request.substr(20));
    if (!trial.expect_answer(client.receive(), "/small")) return;
  }
}

}  // namespace

std::vector<Case> cases_of_clients() {
  return {
      {"a slow reader gets large answers whole", slow_reader},
      {"a body whose memory vanishes breaks its answer off", vanishing_body},
      {"a client that has finished sending gets its answers", half_close},
      {"clients that vanish leave nothing behind", vanishing},
      {"an idle client is let go", idle_client},
      {"a request with urgent data in it is answered", urgent_data, on_linux},
      {"a head that never ends is answered with 408", unfinished_head},
  };
}

}  // namespace brink::selftest
