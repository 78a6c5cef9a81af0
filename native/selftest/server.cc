#include "selftest/server.h"

#include <cstring>

namespace brink::selftest {
namespace {

net::Opened duplicate(net::Descriptor listener) {
  net::Opened opened;
  int64_t copy = net::system::duplicate(listener);
  if (copy >= 0) {
    opened.descriptor = static_cast<net::Descriptor>(copy);
  } else {
    opened.error = static_cast<int>(copy);
    opened.syscall = "dup";
  }
  return opened;
}

}  // namespace

net::Opened Server::open_listener(uint16_t port) {
  net::Address address;
  // It is one: that it can be opened is for the system to say.
  net::system::parse_address("127.0.0.1", port, &address);
  return net::system::open_listener(address, {});
}

std::unique_ptr<Server> Server::start(const Setup& setup, std::string* refusal) {
  auto refuse = [refusal](const char* what, int error) {
    *refusal = std::string(what) + ": " + std::strerror(-error);
    return nullptr;
  };
  net::Opened opened = setup.shares_listener() ? duplicate(setup.shared_listener) : open_listener(setup.port);
  if (opened.error != 0) return refuse(opened.syscall, opened.error);
  std::unique_ptr<Server> server = setup.threaded ? make_thread_server() : make_loop_server();
  server->port_ = static_cast<uint16_t>(net::system::local_port(opened.descriptor));
  server->contexts_ = setup.contexts;
  if (int error = server->open(setup, opened.descriptor)) return refuse("the reactor", error);
  return server;
}

}  // namespace brink::selftest
