// One case against one server: a backend and how it is driven. The report shows the first expectation that failed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "selftest/client.h"
#include "selftest/server.h"

namespace brink::selftest {

class Trial {
 public:
  explicit Trial(const Setup& setup) : setup_(setup) {}

  const Setup& setup() const { return setup_; }

  // Starts a server that is stopped when the case has ended. Returns null when it cannot be started, which fails the
  // case.
  Server* serve() { return serve(setup_); }
  Server* serve(const Setup& setup);

  // Returns `holds`, so that a case can end early.
  bool expect(bool holds, const std::string& what);
  bool expect_answer(const Response& response, std::string_view body);
  bool expect_status(const Response& response, int status);
  // Looks again and again until it holds, for as long as a test has patience.
  bool wait(const std::function<bool()>& until, const std::string& what);

  // Stops the servers, and checks that every lent body was given back.
  void end();

  const std::string& failure() const { return failure_; }
  const std::string& remark() const { return remark_; }
  void remark(std::string text) { remark_ = std::move(text); }

 private:
  Setup setup_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::string failure_;
  std::string remark_;
};

struct Case {
  const char* name;
  void (*run)(Trial& trial);
  bool (*applies)(const Setup& setup) = [](const Setup&) { return true; };
};

// For cases without a poller.
bool once(const Setup& setup);

std::vector<Case> cases_of_parsing();
std::vector<Case> cases_of_requests();
std::vector<Case> cases_of_clients();
std::vector<Case> cases_of_listening();
std::vector<Case> cases_of_stopping();
std::vector<Case> cases_of_crowds();
std::vector<Case> cases_of_files();
std::vector<Case> cases_of_polling();
std::vector<Case> cases_of_hosts();
std::vector<Case> cases_of_observing();
std::vector<Case> cases_of_tls();

}  // namespace brink::selftest
