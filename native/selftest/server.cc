#include "selftest/server.h"

#include <cstring>

namespace brink::selftest {

std::unique_ptr<Server> Server::start(const Setup& setup, std::string* refusal) {
  auto refuse = [refusal](const char* what, int error) {
    *refusal = std::string(what) + ": " + std::strerror(-error);
    return nullptr;
  };
  net::Address address;
  if (!net::system::parse_address("127.0.0.1", setup.port, &address)) return refuse("127.0.0.1", -EINVAL);
  net::ListenOptions options;
  options.reuse_port = setup.reuse_port;
  net::Opened opened = net::system::open_listener(address, options);
  if (opened.error != 0) return refuse(opened.syscall, opened.error);
  std::unique_ptr<Server> server = setup.threaded ? make_thread_server() : make_loop_server();
  server->port_ = static_cast<uint16_t>(net::system::local_port(opened.descriptor));
  if (int error = server->open(setup, opened.descriptor)) return refuse("the reactor", error);
  return server;
}

}  // namespace brink::selftest
