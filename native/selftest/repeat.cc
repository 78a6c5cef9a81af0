#include "selftest/repeat.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "poller/poller.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/reactor.h"
#include "reactor/request_log.h"
#include "selftest/app.h"
#include "selftest/owned_block.h"
#endif

#if defined(BRINK_COUNTED_CLOCK)
// In place of the system's: time goes on by a step for each look at it, so that what deadlines cost is the same in
// every run, however slow the machine is that counts.
extern "C" [[gnu::visibility("default")]] int clock_gettime(clockid_t, timespec* time) noexcept {
  static int64_t now_us = 1'700'000'000'000'000;
  now_us += 100;
  time->tv_sec = now_us / 1'000'000;
  time->tv_nsec = now_us % 1'000'000 * 1000;
  return 0;
}
#endif

namespace brink::selftest {

#if defined(_WIN32)

int repeat(std::string_view, int) {
  std::fprintf(stderr, "selftest repeat needs sockets of the UNIX domain\n");
  return 2;
}

#else

namespace {

// What each client sends, in so many pieces, with a turn after each.
struct Course {
  const char* name;
  size_t connections;
  size_t requests;  // in one round of one client
  std::vector<std::string> pieces;
  bool reconnects = false;   // for each round
  bool varies = false;       // in its target
  bool is_logged = false;    // and counted by its route
  bool is_measured = false;  // as a load target does it
};

std::string times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; i++) all += text;
  return all;
}

std::vector<Course> courses() {
  const std::string plain = "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
  const std::string browser =
      "GET /users/1234?x=1 HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive\r\n"
      "sec-ch-ua: \"Chromium\";v=\"131\", \"Not_A Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n"
      "sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
      "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\nAccept: text/html,"
      "application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\n"
      "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
      "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nCookie: theme=dark; session=0f8fad5b-d9cb-469f-a165-70867728950e"
      "\r\n\r\n";
  const std::string body(1024, 'b');
  const std::string post = "POST /echo HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 1024\r\n\r\n" + body;
  const std::string chunked = "POST /echo HTTP/1.1\r\nHost: localhost:8080\r\nTransfer-Encoding: chunked\r\n\r\n" +
                              times(4, "100\r\n" + std::string(256, 'c') + "\r\n") + "0\r\n\r\n";
  const std::string last = "GET / HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n";
  return {
      {"plain", 64, 1, {plain}},
      {"pipelined", 16, 16, {times(16, plain)}},
      {"browser", 64, 1, {browser}},
      {"body", 64, 1, {post}},
      {"chunked", 64, 1, {chunked}},
      {"torn", 64, 1, {browser.substr(0, 300), browser.substr(300)}},
      {"connection", 16, 1, {last}, true},
      {"targets", 64, 1, {browser}, false, true},
      {"logged", 64, 1, {browser}, false, false, true},
      {"measured", 64, 1, {plain}, false, false, false, true},
      {"measured-pipelined", 16, 16, {times(16, plain)}, false, false, false, true},
  };
}

class Rehearsal final : public reactor::BatchSink {
 public:
  explicit Rehearsal(const Course& course) : course_(course) {}

  // False when the system refuses, or a request was not answered.
  bool run(int times) {
    if (!open()) return false;
    for (int round = 0; round < times; round++) {
      if (clients_.empty() && !connect_all()) return false;
      for (const std::string& piece : course_.pieces) {
        for (const net::Fd& client : clients_) {
          std::string sent = course_.varies ? with_another_target(piece) : piece;
          if (::write(static_cast<int>(client.get()), sent.data(), sent.size()) != ssize_t(sent.size())) return false;
        }
        reactor_->turn(0);
      }
      while (log_ && log_->take(logged_.data(), logged_.size())) {
      }
      expected_ += course_.connections * course_.requests;
      if (!turn_until_answered() || !read_answers()) return false;
      if (course_.reconnects) clients_.clear();
    }
    return true;
  }

 private:
  bool open() {
    int error = 0;
    std::unique_ptr<poller::Poller> poller = poller::backends().front().open(&error);
    if (!poller) return false;
    reactor::Options options;
    if (course_.is_logged) {
      options.log = log_ = std::make_shared<reactor::RequestLog>(std::vector<std::string>{"referer", "user-agent"});
      options.metrics = std::make_shared<reactor::Metrics>(uint16_t{1});
    }
    if (course_.is_measured) options.measurements = std::make_shared<reactor::Measurements>();
    reactor_ = std::make_unique<reactor::Reactor>(options, std::move(poller), *this);
    // An address of the kernel's choice.
    net::Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    int fd = static_cast<int>(listener.get());
    sockaddr_un any = {};
    any.sun_family = AF_UNIX;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any.sun_family) || ::listen(fd, 1024)) return false;
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) || !find_address(fd)) return false;
    return reactor_->add_listener(std::move(listener)) == 0;
  }

  bool find_address(int fd) {
    address_size_ = sizeof address_;
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &address_size_) == 0;
  }

  bool connect_all() {
    while (clients_.size() < course_.connections) {
      net::Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
      int fd = static_cast<int>(client.get());
      if (::connect(fd, reinterpret_cast<sockaddr*>(&address_), address_size_)) return false;
      clients_.push_back(std::move(client));
    }
    return true;
  }

  std::string with_another_target(std::string piece) {
    constexpr std::string_view kId = "1234";
    return piece.replace(piece.find(kId), kId.size(), std::to_string(1000 + ++targets_ % 9000));
  }

  // Who was accepted in one turn is read in the next.
  bool turn_until_answered() {
    constexpr int kMostTurns = 4;
    for (int turns = 0; turns < kMostTurns && reactor_->stats().requests < expected_; turns++) reactor_->turn(0);
    return reactor_->stats().requests == expected_;
  }

  // Batches are answered as they are delivered, so all of it is there.
  bool read_answers() {
    char bytes[16 * 1024];
    for (const net::Fd& client : clients_) {
      if (::recv(static_cast<int>(client.get()), bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return false;
    }
    return true;
  }

  reactor::Block* acquire() override { return requests_.get(); }
  bool takes_batches() const override { return true; }
  void deliver(reactor::Batch batch) override { reactor_->apply(app_.answer(batch, replies_.get())); }

  const Course& course_;
  App app_;
  OwnedBlock requests_;
  OwnedBlock replies_;
  std::unique_ptr<reactor::Reactor> reactor_;
  sockaddr_un address_ = {};
  socklen_t address_size_ = 0;
  std::vector<net::Fd> clients_;
  std::shared_ptr<reactor::RequestLog> log_;
  std::vector<uint32_t> logged_ = std::vector<uint32_t>(32 * 1024);
  uint64_t expected_ = 0;  // requests so far
  uint32_t targets_ = 0;
};

}  // namespace

int repeat(std::string_view wanted, int times) {
  const std::vector<Course> all = courses();
  for (const Course& course : all) {
    if (course.name != wanted) continue;
    if (Rehearsal(course).run(times)) return 0;
    std::fprintf(stderr, "selftest repeat %s: not every request was answered\n", course.name);
    return 1;
  }
  // With the number of requests in a round.
  for (const Course& course : all) std::printf("%s %zu\n", course.name, course.connections * course.requests);
  return 2;
}

#endif

}  // namespace brink::selftest
