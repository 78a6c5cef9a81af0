#include "selftest/trial.h"

#include <chrono>
#include <thread>

namespace brink::selftest {

Server* Trial::serve(const Setup& setup) {
  std::string refusal;
  std::unique_ptr<Server> server = Server::start(setup, &refusal);
  if (!expect(server != nullptr, "a server: " + refusal)) return nullptr;
  servers_.push_back(std::move(server));
  return servers_.back().get();
}

bool Trial::expect(bool holds, const std::string& what) {
  if (!holds && failure_.empty()) failure_ = "expected " + what;
  return holds;
}

bool Trial::expect_answer(const Response& response, std::string_view body) {
  return expect_status(response, 200) &&
         expect(response.body == body, "the body " + std::string(body) + ", not " + response.body);
}

bool Trial::expect_status(const Response& response, int status) {
  return expect(response.status == status,
                "status " + std::to_string(status) + ", not " + std::to_string(response.status));
}

bool Trial::wait(const std::function<bool()>& until, const std::string& what) {
  auto end = std::chrono::steady_clock::now() + Server::kPatience;
  while (!until()) {
    if (std::chrono::steady_clock::now() > end) return expect(false, what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void Trial::end() {
  for (auto& server : servers_) {
    reactor::Stats stats = server->stop();
    expect(stats.open == 0, "no connection to be left");
    expect(server->app().bodies_out() == 0, "every body that was lent to come back");
  }
  servers_.clear();
}

bool once(const Setup& setup) { return setup.backend == &*poller::backends().begin() && !setup.threaded; }

}  // namespace brink::selftest
