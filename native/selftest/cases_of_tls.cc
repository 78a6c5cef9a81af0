// TLS with the real OpenSSL: what sanitizers shall see of the ways between it and the reactor.
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "reactor/connection.h"
#include "selftest/file_tree.h"
#include "selftest/tls_client.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

#if defined(__linux__) && defined(__LP64__)
// With a session (session_openssl.cc) and what the table keeps for it, an idle connection stays below 400 bytes besides
// what OpenSSL takes.
static_assert(sizeof(reactor::Connection) <= 296, "an idle connection takes more memory");
#endif

// Null where there is no TLS, which is a failure where everything is to be looked at.
Server* serve_tls(Trial& trial, decltype(make_test_contexts)& make_contexts = make_test_contexts) {
  if (const char* why_not = why_no_tls()) {
    const char* everywhere = std::getenv("CI");
    trial.expect(!everywhere || std::string_view(everywhere) != "true", why_not);
    trial.remark(std::string("skipped: ") + why_not);
    return nullptr;
  }
  Setup setup = trial.setup();
  std::string why_not;
  setup.contexts = make_contexts(&why_not);
  return trial.expect(setup.contexts != nullptr, why_not) ? trial.serve(setup) : nullptr;
}

void requests(Trial& trial) {
  Server* server = serve_tls(trial);
  if (!server) return;
  TlsClient client(server->port());
  if (!trial.expect(client.shake_hands(), "a handshake")) return;
  client.send(get("/") + get("/second"));
  trial.expect_answer(client.receive(), App::kConstant);
  trial.expect_answer(client.receive(), "/second");
  client.send(get("/large") + get("/behind"));
  Response large = client.receive();
  bool is_whole = large.body.size() == App::kLargeBytes;
  for (size_t at = 0; is_whole && at < large.body.size(); at += 997) is_whole = large.body[at] == App::large_byte(at);
  trial.expect(is_whole, "all of the large answer");
  trial.expect_answer(client.receive(), "/behind");
  std::string body(200'000, 'b');
  client.send("POST / HTTP/1.1\r\nHost: selftest\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" + body);
  trial.expect_answer(client.receive(), "200000");
  trial.expect(client.sees_end(), "the end of the session to be said");
}

void abrupt_ends(Trial& trial) {
  Server* server = serve_tls(trial);
  if (!server) return;
  for (int i = 0; i < 3; i++) {
    TlsClient(server->port()).begin_handshake();
    TlsClient vanishing(server->port());
    vanishing.begin_handshake();
    vanishing.vanish();
    TlsClient taking(server->port());
    if (!trial.expect(taking.shake_hands(), "a handshake")) return;
    taking.send(get("/large") + get("/vanishing") + get("/large"));
    taking.receive();
    taking.vanish();
  }
  TlsClient broken(server->port());
  trial.expect(broken.shake_hands() && broken.send_broken(get("/")), "a record to be sent");
  trial.expect_status(broken.receive(), 0);
  TlsClient flooding(server->port());
  trial.expect(flooding.shake_hands(), "a handshake");
  flooding.send_key_updates(100);
  flooding.send(get("/"));
  trial.expect_answer(flooding.receive(), App::kConstant);
  flooding.send_key_updates(2000);
  trial.expect_status(flooding.receive(), 0);
}

// They are read and sealed piece by piece.
void files(Trial& trial) {
  constexpr size_t kSize = 5'000'003;
  Server* server = serve_tls(trial);
  if (!server) return;
  FileTree tree;
  std::string content = noise(kSize);
  tree.write("file", content);
  net::OpenResult<net::File> file = net::open_file(tree.path("file").c_str());
  if (!trial.expect(file.opened != nullptr, "the file to open")) return;
  server->app().give_file(file.opened, kSize);
  TlsClient slow(server->port());
  if (!trial.expect(slow.shake_hands(), "a handshake")) return;
  slow.send(get("/file") + get("/file") + get("/behind"));
  trial.wait([server] { return server->stats().partial_writes > 0; }, "the socket to be full");
  for (int i = 0; i < 2; i++) trial.expect(slow.receive().body == content, "the file");
  trial.expect_answer(slow.receive(), "/behind");
  TlsClient leaving(server->port());
  if (!trial.expect(leaving.shake_hands(), "a handshake")) return;
  leaving.send(get("/file") + get("/file") + get("/file"));
  trial.expect(leaving.receive().body == content, "the file");
  leaving.vanish();
  trial.wait([server] { return server->stats().open == 1; }, "the end of who has left");
  // Of what was promised a part is missing, and so nothing says that all of it was sent.
  tree.write("file", content.substr(0, kSize / 3));
  slow.send(get("/file"));
  trial.expect_status(slow.receive(), 0);
  trial.expect(!slow.sees_end(), "no end of the session to be said");
}

// A name without client certificates, with which a handshake begins, opens nothing under another one.
void changed_names(Trial& trial) {
  Server* server = serve_tls(trial, make_asking_contexts);
  if (!server) return;
  TlsClient open(server->port());
  open.ask_for("open.example");
  trial.expect(open.begin_handshake() && open.shake_hands(), "a handshake without a certificate");
  open.send("GET / HTTP/1.1\r\nHost: open.example\r\n\r\n");
  trial.expect_answer(open.receive(), App::kConstant);
  for (const char* name : {"secret.example", "other.example"}) {
    TlsClient changing(server->port());
    changing.ask_for("open.example");
    trial.expect(changing.begin_handshake(), "the begin of a handshake");
    changing.ask_for(name);
    if (changing.shake_hands()) changing.send(std::string("GET / HTTP/1.1\r\nHost: ") + name + "\r\n\r\n");
    trial.expect_status(changing.receive(), 0);
  }
}

// Handshakes on one reactor, or on two with the same contexts, while these are replaced.
void changed_contexts(Trial& trial) {
  Server* server = serve_tls(trial);
  if (!server) return;
  Setup setup = trial.setup();
  std::string why_not;
  setup.contexts = server->contexts();
  Server* second = trial.serve(setup);
  if (!second) return;
  constexpr int kClients = 3, kTimes = 12;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; i++) {
    clients.emplace_back([&answered, port = (i % 2 ? second : server)->port()] {
      for (int time = 0; time < kTimes; time++) {
        TlsClient client(port);
        if (!client.shake_hands() || !client.send(get("/") + get("/"))) return;
        if (client.receive().status == 200 && client.receive().status == 200) answered++;
      }
    });
  }
  for (int i = 0; i < 100 || answered < kClients; i++) {
    std::shared_ptr<const tls::Contexts> next = make_test_contexts(&why_not);
    if (!trial.expect(next != nullptr, why_not)) break;
    for (Server* each : {server, second}) each->change_contexts(next);
  }
  for (std::thread& client : clients) client.join();
  trial.expect(answered == kClients * kTimes, "every request to be answered");
}

bool is_listening_here(const Setup&) {
#if defined(_WIN32)
  return false;
#else
  return true;
#endif
}

}  // namespace

std::vector<Case> cases_of_tls() {
  return {
      {"TLS: requests, a large answer and a body", requests, is_listening_here},
      {"TLS: files, to clients that are slow, that leave, and that are promised more", files, is_listening_here},
      {"TLS: clients that end abruptly, or send what is broken", abrupt_ends, is_listening_here},
      {"TLS: a client changes the server name within its handshake", changed_names, is_listening_here},
      {"TLS: contexts are changed while clients come", changed_contexts, is_listening_here},
  };
}

}  // namespace brink::selftest
