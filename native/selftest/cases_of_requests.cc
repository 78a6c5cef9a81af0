// Requests as they may arrive, and the answers to them.
#include <array>

#include "selftest/trial.h"

namespace brink::selftest {
namespace {

void keep_alive(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  for (int i = 0; i < 100; i++) {
    client.send(get("/"));
    if (!trial.expect_answer(client.receive(), App::kConstant)) return;
  }
}

// The end leaves with the answer, and costs none of it, whoever asked for it, and whatever came behind.
void last_requests(Trial& trial) {
  const std::string behind = get("/behind");
  const std::array<std::string, 4> kLast = {
      "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET /last HTTP/1.0\r\n\r\n",
      "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + behind,
      "GET /last HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" + behind + behind,
  };
  Server* server = trial.serve();
  if (!server) return;
  for (int i = 0; i < 25; i++) {
    for (const std::string& last : kLast) {
      Client client(server->port());
      client.send(get("/before") + last);
      if (!trial.expect_answer(client.receive(), "/before")) return;
      Response response = client.receive();
      if (!trial.expect_answer(response, "/last")) return;
      trial.expect(response.closes(), "Connection: close");
      if (!trial.expect(client.sees_end(), "the end after the last answer")) return;
    }
  }
}

// More than may be unanswered at a time, so that some of them wait unread.
void pipelining(Trial& trial) {
  constexpr int kRequests = 500;
  Server* server = trial.serve();
  if (!server) return;
  std::string requests;
  for (int i = 0; i < kRequests; i++) requests += get("/" + std::to_string(i));
  Client client(server->port());
  client.send(requests);
  for (int i = 0; i < kRequests; i++) {
    if (!trial.expect_answer(client.receive(), "/" + std::to_string(i))) return;
  }
}

void byte_at_a_time(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  client.send_each_byte(get("/slow"));
  trial.expect_answer(client.receive(), "/slow");
  client.send_each_byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  trial.expect_answer(client.receive(), "5");
  client.send_each_byte(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n");
  trial.expect_answer(client.receive(), "7");
}

void bodies_of_any_size(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client client(server->port());
  for (size_t size : {size_t{1}, size_t{1000}, size_t{16 * 1024}, size_t{70'000}, size_t{1024 * 1024}}) {
    std::string length = std::to_string(size);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\n" + std::string(size, 'x'));
    if (!trial.expect_answer(client.receive(), length)) return;
  }
}

void refusals(Trial& trial) {
  struct Refused {
    const char* bytes;
    int status;
  };
  constexpr std::array<Refused, 7> kRefused = {{
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400},
      {"\x16\x03\x01\x02 this is TLS", 400},
  }};
  Server* server = trial.serve();
  if (!server) return;
  for (const Refused& refused : kRefused) {
    Client client(server->port());
    client.send(get("/before") + refused.bytes);
    if (!trial.expect_answer(client.receive(), "/before")) return;
    Response response = client.receive();
    trial.expect_status(response, refused.status);
    trial.expect(response.closes(), "Connection: close");
    if (!trial.expect(client.sees_end(), "the end after a refusal")) return;
  }
  Client client(server->port());
  client.send(get("/"));
  trial.expect_answer(client.receive(), App::kConstant);
}

void busy_app(Trial& trial) {
  Server* server = trial.serve();
  if (!server) return;
  Client waiting(server->port());
  waiting.send(get("/busy"));
  server->app().wait_until_busy();
  Client refused(server->port());
  refused.send("nonsense\r\n\r\n");
  trial.expect_status(refused.receive(), 400);
  server->app().release();
  trial.expect_answer(waiting.receive(), App::kConstant);
}

}  // namespace

std::vector<Case> cases_of_requests() {
  return {
      {"one connection asks again and again", keep_alive},
      {"pipelined requests are answered in order", pipelining},
      {"the last answer arrives, and the end", last_requests},
      {"requests that arrive byte by byte are answered", byte_at_a_time},
      {"bodies of any size arrive", bodies_of_any_size},
      {"what is no request is refused, after the answers before it", refusals},
      {"what needs no app is answered while the app is busy", busy_app,
       [](const Setup& setup) { return setup.threaded; }},
  };
}

}  // namespace brink::selftest
