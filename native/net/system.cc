#include "net/system.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace brink::net::system {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

socklen_t to_native(const Address& address, sockaddr_storage* out) {
  std::memset(out, 0, sizeof *out);
  if (address.is_ipv4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    std::memcpy(&v4->sin_addr, address.bytes + 12, 4);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(address.port);
  v6->sin6_scope_id = address.scope;
  std::memcpy(&v6->sin6_addr, address.bytes, 16);
  return sizeof *v6;
}

void from_native(const sockaddr_storage& from, Address* out) {
  *out = Address{};
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    out->is_ipv4 = true;
    out->port = ntohs(v4.sin_port);
    std::memcpy(out->bytes, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(out->bytes + 12, &v4.sin_addr, 4);
    return;
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    out->port = ntohs(v6.sin6_port);
    out->scope = v6.sin6_scope_id;
    std::memcpy(out->bytes, &v6.sin6_addr, 16);
    // A client of a dual-stack listener is an IPv4 client all the same.
    out->is_ipv4 = std::memcmp(out->bytes, kMappedPrefix, sizeof kMappedPrefix) == 0;
  }
}

int switch_on(int fd, int level, int option) {
  int one = 1;
  return setsockopt(fd, level, option, &one, sizeof one) == 0 ? 0 : -errno;
}

#if defined(__linux__)
constexpr bool kAcceptedInheritsNoDelay = true;
int open_socket(int family) { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
int accept_socket(int listener, sockaddr* peer, socklen_t* size) {
  return ::accept4(listener, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#else
constexpr bool kAcceptedInheritsNoDelay = false;
int made_ready(int fd) {
  if (fd < 0) return fd;
  int flags = ::fcntl(fd, F_GETFL, 0);
  if (flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) return fd;
  int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}
int open_socket(int family) { return made_ready(::socket(family, SOCK_STREAM, 0)); }
int accept_socket(int listener, sockaddr* peer, socklen_t* size) { return made_ready(::accept(listener, peer, size)); }
#endif

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

// Where send() has no flag for it, the socket itself is told not to raise SIGPIPE.
void no_signal(int fd) {
#if !defined(MSG_NOSIGNAL) && defined(SO_NOSIGPIPE)
  switch_on(fd, SOL_SOCKET, SO_NOSIGPIPE);
#else
  (void)fd;
#endif
}

Opened failed(int fd, const char* syscall) {
  Opened opened;
  opened.error = -errno;
  opened.syscall = syscall;
  if (fd >= 0) ::close(fd);
  return opened;
}

}  // namespace

bool parse_address(const char* text, uint16_t port, Address* address) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(text, nullptr, &hints, &found) != 0) return false;
  sockaddr_storage name = {};
  std::memcpy(&name, found->ai_addr, std::min<size_t>(sizeof name, found->ai_addrlen));
  ::freeaddrinfo(found);
  from_native(name, address);
  address->port = port;
  return true;
}

Opened open_listener(const Address& address, const ListenOptions& options) {
  int fd = open_socket(address.is_ipv4 ? AF_INET : AF_INET6);
  if (fd < 0) return failed(fd, "socket");
  // Without it a restarted server would wait for its predecessor's connections to leave TIME_WAIT.
  if (switch_on(fd, SOL_SOCKET, SO_REUSEADDR) != 0) return failed(fd, "setsockopt");
  if (options.reuse_port) {
#if defined(SO_REUSEPORT)
    if (switch_on(fd, SOL_SOCKET, SO_REUSEPORT) != 0) return failed(fd, "setsockopt");
#else
    errno = ENOTSUP;
    return failed(fd, "setsockopt");
#endif
  }
  if (!address.is_ipv4) {
    int only = options.ipv6_only ? 1 : 0;
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) return failed(fd, "setsockopt");
  }
  // On Linux accepted sockets inherit this, which spares a call for each; elsewhere accept() below sets it.
  if (switch_on(fd, IPPROTO_TCP, TCP_NODELAY) != 0) return failed(fd, "setsockopt");
  sockaddr_storage name;
  socklen_t size = to_native(address, &name);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&name), size) != 0) return failed(fd, "bind");
  if (::listen(fd, options.backlog) != 0) return failed(fd, "listen");
  Opened opened;
  opened.descriptor = fd;
  return opened;
}

int local_port(Descriptor descriptor) {
  sockaddr_storage name;
  socklen_t size = sizeof name;
  if (::getsockname(static_cast<int>(descriptor), reinterpret_cast<sockaddr*>(&name), &size) != 0) return -errno;
  Address address;
  from_native(name, &address);
  return address.port;
}

int64_t accept(Descriptor listener, Address* peer) {
  sockaddr_storage name;
  name.ss_family = AF_UNSPEC;
  socklen_t size = sizeof name;
  int fd = accept_socket(static_cast<int>(listener), reinterpret_cast<sockaddr*>(&name), &size);
  if (fd < 0) return -errno;
  from_native(name, peer);
  // A connection that was reset before it was accepted may refuse the option; the first read tells.
  if (!kAcceptedInheritsNoDelay) switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
  no_signal(fd);
  return fd;
}

int64_t receive(Descriptor descriptor, char* into, size_t size) {
  ssize_t got = ::recv(static_cast<int>(descriptor), into, size, 0);
  return got < 0 ? -errno : got;
}

int64_t send(Descriptor descriptor, const Slice* slices, size_t count) {
  constexpr size_t kMostSlices = 16;
  if (count == 1) {
    ssize_t sent = ::send(static_cast<int>(descriptor), slices->data, slices->size, kSendFlags);
    return sent < 0 ? -errno : sent;
  }
  iovec vectors[kMostSlices];
  if (count > kMostSlices) count = kMostSlices;
  for (size_t i = 0; i < count; i++) vectors[i] = {const_cast<char*>(slices[i].data), slices[i].size};
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
  ssize_t sent = ::sendmsg(static_cast<int>(descriptor), &message, kSendFlags);
  return sent < 0 ? -errno : sent;
}

int shutdown_sending(Descriptor descriptor) {
  return ::shutdown(static_cast<int>(descriptor), SHUT_WR) == 0 ? 0 : -errno;
}

void close(Descriptor descriptor) {
  // The descriptor is gone whatever close() answers; to try again could close another one's.
  ::close(static_cast<int>(descriptor));
}

uint64_t monotonic_ms() {
  using namespace std::chrono;
  return static_cast<uint64_t>(duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

int64_t wall_clock_seconds() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace brink::net::system
