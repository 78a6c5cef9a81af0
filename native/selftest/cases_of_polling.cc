// Pollers by themselves, without a reactor: what each must tell, and what it must keep to itself.
#include <cerrno>
#include <utility>

#include "selftest/trial.h"

namespace brink::selftest {
namespace {

constexpr uint64_t kToken = 7;

// A poller with one connection, to a client of this program.
class Polled {
 public:
  explicit Polled(Trial& trial) : trial_(trial) {
    int error = 0;
    poller_ = trial.setup().backend->open(&error);
    net::Opened opened = Server::open_listener(0);
    listener_ = net::Fd(opened.descriptor);
    if (trial.expect(poller_ && opened.error == 0, "a poller and a listener")) connect(kToken);
  }
  ~Polled() {
    if (connection_) poller_->remove(connection_.get());
  }
  Polled(const Polled&) = delete;
  Polled& operator=(const Polled&) = delete;

  void connect(uint64_t token) {
    client_ = std::make_unique<Client>(static_cast<uint16_t>(net::system::local_port(listener_.get())));
    net::Address peer;
    int64_t got = -EAGAIN;
    while (got == -EAGAIN) got = net::system::accept(listener_.get(), &peer);
    if (!trial_.expect(got >= 0, "a connection")) return;
    connection_ = net::Fd(static_cast<net::Descriptor>(got));
    trial_.expect(poller_->add(connection_.get(), token) == 0, "the poller to take a connection");
  }

  void disconnect() {
    poller_->remove(connection_.get());
    connection_.reset();
  }

  // Waits until it is told something of this kind.
  bool is_told(bool poller::Ready::*what, uint64_t token = kToken) {
    return trial_.wait(
        [this, what, token] {
          poller::Ready ready[8];
          int count = poller_->wait(ready, 8, 10);
          bool found = false;
          for (int i = 0; i < count; i++) {
            trial_.expect(ready[i].token == token, "nobody else to be told of");
            found |= ready[i].*what;
          }
          return found;
        },
        "to be told");
  }

  // Of so many short waits, how many end with news, or fail.
  int restless_waits() {
    int restless = 0;
    for (int i = 0; i < kShortWaits; i++) {
      poller::Ready ready[8];
      restless += poller_->wait(ready, 8, 20) != 0 ? 1 : 0;
    }
    return restless;
  }

  bool hears_the_end() {
    char bytes[64];
    int64_t got = -EAGAIN;
    while (got == -EAGAIN && is_told(&poller::Ready::readable)) {
      got = net::system::receive(connection_.get(), bytes, sizeof bytes);
    }
    return trial_.expect(got == 0, "the end of what the client sends");
  }

  // As much as the system takes.
  void fill() {
    std::string piece(64 * 1024, 'x');
    net::Slice slice = {piece.data(), piece.size()};
    while (net::system::send(connection_.get(), &slice, 1, false) > 0) {
    }
  }

  Client& client() { return *client_; }
  poller::Poller& poller() { return *poller_; }
  net::Descriptor connection() const { return connection_.get(); }

  static constexpr int kShortWaits = 10;

 private:
  Trial& trial_;
  std::unique_ptr<poller::Poller> poller_;
  net::Fd listener_;
  net::Fd connection_;
  std::unique_ptr<Client> client_;
};

// Edges may come once more than there is news.
void expect_rest(Trial& trial, Polled& polled, const char* what) {
  int restless = polled.restless_waits();
  trial.expect(restless <= 2, std::string(what) + ", not " + std::to_string(restless) + " waits that end at once");
}

void half_closed(Trial& trial) {
  Polled polled(trial);
  polled.client().finish_sending();
  if (!polled.hears_the_end()) return;
  polled.poller().read_interest(polled.connection(), false);
  expect_rest(trial, polled, "a client that has finished to be told once");
}

void half_closed_with_output(Trial& trial) {
  Polled polled(trial);
  polled.client().finish_sending();
  if (!polled.hears_the_end()) return;
  polled.poller().read_interest(polled.connection(), false);
  polled.fill();
  polled.poller().write_interest(polled.connection(), true);
  expect_rest(trial, polled, "a client that takes nothing to end no wait");
  polled.client().receive_some();
  bool has_room = false;
  trial.wait(
      [&] {
        poller::Ready ready[8];
        int count = polled.poller().wait(ready, 8, 10);
        for (int i = 0; i < count; i++) has_room |= ready[i].writable;
        if (!has_room) polled.client().receive_some();
        return has_room;
      },
      "to be told of room");
}

void unread(Trial& trial) {
  Polled polled(trial);
  polled.client().send("something");
  if (!trial.expect(polled.is_told(&poller::Ready::readable), "to be told of input")) return;
  polled.poller().read_interest(polled.connection(), false);
  polled.client().finish_sending();
  expect_rest(trial, polled, "input that nobody reads to end no wait");
  if (polled.poller().descriptor() != net::kNoDescriptor) return;
  polled.poller().read_interest(polled.connection(), true);
  trial.expect(polled.is_told(&poller::Ready::readable), "to be told of it when it is read again");
}

void room(Trial& trial) {
  Polled polled(trial);
  polled.poller().write_interest(polled.connection(), true);
  trial.expect(polled.is_told(&poller::Ready::writable), "to be told of room");
  polled.poller().write_interest(polled.connection(), false);
  expect_rest(trial, polled, "room that nobody needs to end no wait");
}

// A number is free for the next connection as soon as it is closed.
void same_number(Trial& trial) {
  Polled polled(trial);
  polled.poller().write_interest(polled.connection(), true);
  for (uint64_t token = kToken + 1; token < kToken + 10; token++) {
    polled.disconnect();
    polled.connect(token);
    polled.poller().write_interest(polled.connection(), true);
    polled.poller().write_interest(polled.connection(), false);
    polled.client().send("something");
    if (!trial.expect(polled.is_told(&poller::Ready::readable, token), "to be told of the next one")) return;
  }
}

// There is no reactor to drive.
bool on_each_backend(const Setup& setup) { return !setup.threaded; }

}  // namespace

std::vector<Case> cases_of_polling() {
  return {
      {"a half-closed client is told once", half_closed, on_each_backend},
      {"a half-closed client that takes nothing ends no wait", half_closed_with_output, on_each_backend},
      {"input that nobody reads ends no wait", unread, on_each_backend},
      {"room is told while it is needed", room, on_each_backend},
      {"a descriptor of a number that was closed is told with its own token", same_number, on_each_backend},
  };
}

}  // namespace brink::selftest
