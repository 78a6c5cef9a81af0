#include "selftest/client.h"

#include <cstdlib>

#include "net/platform.h"

namespace brink::selftest {
namespace {

namespace platform = net::platform;

platform::Socket socket_of(const net::Fd& fd) { return static_cast<platform::Socket>(fd.get()); }

template <typename Value>
void set_option(const net::Fd& fd, int level, int option, Value value) {
  ::setsockopt(socket_of(fd), level, option, reinterpret_cast<const char*>(&value), sizeof value);
}

size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  size_t at = head.find(kName);
  return at == std::string_view::npos ? 0 : std::strtoull(head.data() + at + kName.size(), nullptr, 10);
}

}  // namespace

Client::Client(uint16_t port) {
  platform::start();
  platform::Socket socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (!platform::is_valid(socket)) return;
  net::Fd fd(static_cast<net::Descriptor>(socket));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, int{1});
  fd_ = std::move(fd);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    int64_t sent = platform::send_bytes(socket_of(fd_), bytes.data(), bytes.size(), 0);
    if (sent < 0 && platform::last_error() == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Client::send_each_byte(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); at++) {
    if (!send(bytes.substr(at, 1))) return false;
  }
  return true;
}

bool Client::send_urgent(char byte) { return ::send(socket_of(fd_), &byte, 1, MSG_OOB) == 1; }

Response Client::receive() {
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  size_t end;
  while ((end = received_.find(kEndOfHead)) == std::string::npos) {
    if (!receive_more()) return {};
  }
  end += kEndOfHead.size();
  Response response;
  response.head = received_.substr(0, end);
  size_t length = content_length(response.head);
  while (received_.size() - end < length) {
    if (!receive_more()) return {};
  }
  response.body = received_.substr(end, length);
  received_.erase(0, end + length);
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (response.head.compare(0, kVersion.size(), kVersion) == 0) {
    response.status = std::atoi(response.head.c_str() + kVersion.size());
  }
  return response;
}

std::string Client::receive_some() {
  if (received_.empty()) receive_more();
  return std::move(received_);
}

// False at the end of the stream, and when nothing came in time.
bool Client::receive_more() {
  if (!connected() || ended_) return false;
  platform::PollItem item = {};
  item.fd = socket_of(fd_);
  item.events = POLLIN;
  if (platform::poll_sockets(&item, 1, kPatienceMs) <= 0) return false;
  char bytes[16 * 1024];
  int64_t got = platform::receive_bytes(item.fd, bytes, sizeof bytes);
  if (got > 0) received_.append(bytes, static_cast<size_t>(got));
  ended_ = got <= 0;
  return got > 0;
}

void Client::finish_sending() { ::shutdown(socket_of(fd_), platform::kShutdownSending); }

void Client::vanish() {
  linger at_once = {};
  at_once.l_onoff = 1;
  set_option(fd_, SOL_SOCKET, SO_LINGER, at_once);
  fd_.reset();
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: selftest\r\n\r\n";
}

}  // namespace brink::selftest
