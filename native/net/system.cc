#include "net/system.h"

#include <algorithm>
#include <chrono>

#include "net/platform.h"

namespace brink::net::system {
namespace {

constexpr int kUnsentLimitBytes = 256 * 1024;
constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

platform::Socket socket_of(Descriptor descriptor) { return static_cast<platform::Socket>(descriptor); }

platform::Size to_native(const Address& address, sockaddr_storage* out) {
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
  } else if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    out->port = ntohs(v6.sin6_port);
    out->scope = v6.sin6_scope_id;
    std::memcpy(out->bytes, &v6.sin6_addr, 16);
    // A client of a dual-stack listener with a mapped address is an IPv4 client.
    out->is_ipv4 = std::memcmp(out->bytes, kMappedPrefix, sizeof kMappedPrefix) == 0;
  } else {
    out->is_unix = from.ss_family == AF_UNIX;
  }
}

bool set_option(platform::Socket socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, reinterpret_cast<const char*>(&value), sizeof value) == 0;
}

Opened failed(platform::Socket socket, const char* syscall) {
  Opened opened;
  opened.error = -platform::last_error();
  opened.syscall = syscall;
  if (platform::is_valid(socket)) platform::close_socket(socket);
  return opened;
}

// Why a path is no name of a socket.
int no_unix_name(size_t size) {
  if (platform::kUnixFamily < 0) return -ENOTSUP;
  return size == 0 ? -EINVAL : -ENAMETOOLONG;
}

// FreeBSD spreads connections over the sockets by an option of its own.
#if defined(SO_REUSEPORT_LB)
constexpr int kSharePortOption = SO_REUSEPORT_LB;
#elif defined(SO_REUSEPORT)
constexpr int kSharePortOption = SO_REUSEPORT;
#else
constexpr int kSharePortOption = -1;
#endif

}  // namespace

bool parse_address(const char* text, uint16_t port, Address* address) {
  platform::start();
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
  platform::start();
  if (options.reuse_port && kSharePortOption < 0) return {kNoDescriptor, -ENOTSUP, "setsockopt"};
  platform::Socket socket = platform::open_socket(address.is_ipv4 ? AF_INET : AF_INET6);
  if (!platform::is_valid(socket)) return failed(socket, "socket");
  // Otherwise a restarted server could not bind until the old connections have left TIME_WAIT.
  if (!set_option(socket, SOL_SOCKET, platform::kRestartOption, 1)) return failed(socket, "setsockopt");
  // Set before bind() it joins those who share the port; set after it, it only lets others join.
  bool joins = options.reuse_port && !options.claims_port, lets_join = options.reuse_port && options.claims_port;
  if (joins && !set_option(socket, SOL_SOCKET, kSharePortOption, 1)) return failed(socket, "setsockopt");
  if (!address.is_ipv4 && !set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0)) {
    return failed(socket, "setsockopt");
  }
  // Where accepted sockets inherit these options, this saves system calls; elsewhere accept() below sets them.
  if (!set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1)) return failed(socket, "setsockopt");
  platform::ask_silent_peers(socket);
  // Not every kernel supports it, and it is not required.
  if (platform::kUnsentLimitOption >= 0)
    set_option(socket, IPPROTO_TCP, platform::kUnsentLimitOption, kUnsentLimitBytes);
  sockaddr_storage name;
  platform::Size size = to_native(address, &name);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&name), size) != 0) return failed(socket, "bind");
  if (lets_join && !set_option(socket, SOL_SOCKET, kSharePortOption, 1)) return failed(socket, "setsockopt");
  if (options.listens && ::listen(socket, options.backlog) != 0) return failed(socket, "listen");
  Opened opened;
  opened.descriptor = static_cast<Descriptor>(socket);
  return opened;
}

Opened open_unix_listener(const char* path, size_t size, const ListenOptions& options) {
  sockaddr_storage name = {};
  platform::Size name_size = platform::unix_name(path, size, &name);
  if (name_size == 0) return {kNoDescriptor, no_unix_name(size), "bind"};
  platform::Socket socket = platform::open_socket(platform::kUnixFamily);
  if (!platform::is_valid(socket)) return failed(socket, "socket");
  if (::bind(socket, reinterpret_cast<sockaddr*>(&name), name_size) != 0) return failed(socket, "bind");
  bool has_file = path[0] != '\0';
  // Nobody can connect before listen().
  const char* failing = nullptr;
  if (has_file && options.mode != kAnyMode && !platform::set_mode(path, options.mode)) failing = "chmod";
  if (!failing && ::listen(socket, options.backlog) != 0) failing = "listen";
  if (failing) {
    Opened refused = failed(socket, failing);
    remove_unix_file(path);
    return refused;
  }
  Opened opened;
  opened.descriptor = static_cast<Descriptor>(socket);
  return opened;
}

void remove_unix_file(const char* path) {
  if (path[0] != '\0') platform::remove_file(path);
}

Opened adopt_listener(Descriptor descriptor, const ListenOptions& options) {
  platform::Socket socket = socket_of(descriptor);
  Opened opened;
  opened.descriptor = descriptor;
  opened.syscall = "listen";
  int listens = 0;
  platform::Size size = sizeof listens;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, reinterpret_cast<char*>(&listens), &size) != 0) {
    opened.error = -platform::last_error();
    return opened;
  }
  Address bound = local_address(descriptor);
  // listen() would choose a port for it.
  if (!listens && !bound.is_unix && bound.port == 0) {
    opened.error = -EINVAL;
    return opened;
  }
  bool asks = !listens || options.backlog > 0;
  int backlog = options.backlog > 0 ? options.backlog : kUsualBacklog;
  if (!platform::make_non_blocking(socket) || (asks && ::listen(socket, backlog) != 0)) {
    opened.error = -platform::last_error();
    return opened;
  }
  // Of a socket of the UNIX domain these are refused, and it needs none of them.
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  platform::ask_silent_peers(socket);
  if (platform::kUnsentLimitOption >= 0)
    set_option(socket, IPPROTO_TCP, platform::kUnsentLimitOption, kUnsentLimitBytes);
  return opened;
}

int local_port(Descriptor descriptor) {
  sockaddr_storage name = {};
  platform::Size size = sizeof name;
  if (::getsockname(socket_of(descriptor), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return -platform::last_error();
  }
  Address address;
  from_native(name, &address);
  return address.port;
}

Address local_address(Descriptor descriptor) {
  sockaddr_storage name = {};
  platform::Size size = sizeof name;
  Address address;
  if (::getsockname(socket_of(descriptor), reinterpret_cast<sockaddr*>(&name), &size) == 0) from_native(name, &address);
  return address;
}

LocalName local_name(Descriptor descriptor) {
  sockaddr_storage name = {};
  platform::Size size = sizeof name;
  LocalName local;
  if (::getsockname(socket_of(descriptor), reinterpret_cast<sockaddr*>(&name), &size) != 0) return local;
  Address address;
  from_native(name, &address);
  local.is_unix = address.is_unix;
  if (local.is_unix) {
    local.size = platform::unix_path(name, size, local.text, sizeof local.text);
    return local;
  }
  const void* bytes = address.is_ipv4 ? address.bytes + 12 : address.bytes;
  if (::inet_ntop(address.is_ipv4 ? AF_INET : AF_INET6, bytes, local.text, sizeof local.text)) {
    local.size = std::strlen(local.text);
  }
  return local;
}

int64_t duplicate(Descriptor descriptor) {
  platform::Socket copy = platform::duplicate_socket(socket_of(descriptor));
  return platform::is_valid(copy) ? static_cast<int64_t>(copy) : -platform::last_error();
}

int64_t accept(Descriptor listener, Address* peer) {
  sockaddr_storage name;
  name.ss_family = AF_UNSPEC;
  platform::Size size = sizeof name;
  platform::Socket socket = platform::accept_socket(socket_of(listener), reinterpret_cast<sockaddr*>(&name), &size);
  if (!platform::is_valid(socket)) return -platform::last_error();
  from_native(name, peer);
  if (!platform::kAcceptedInheritsOptions) {
    // The connection may have been reset before it was accepted, and refuse the options; the first read reports that.
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    platform::ask_silent_peers(socket);
  }
  return static_cast<int64_t>(socket);
}

int64_t receive(Descriptor descriptor, char* into, size_t size) {
  int64_t got = platform::receive_bytes(socket_of(descriptor), into, size);
  return got < 0 ? -platform::last_error() : got;
}

int64_t send(Descriptor descriptor, const Slice* slices, size_t count, bool more_follows) {
  constexpr size_t kMostSlices = 16;
  int flags = more_follows ? platform::kMoreFollows : 0;
  int64_t sent;
  if (count == 1) {
    sent = platform::send_bytes(socket_of(descriptor), slices->data, slices->size, flags);
  } else {
    platform::Vector vectors[kMostSlices];
    count = std::min(count, kMostSlices);
    for (size_t i = 0; i < count; i++) vectors[i].set(slices[i].data, slices[i].size);
    sent = platform::send_vectors(socket_of(descriptor), vectors, count, flags);
  }
  return sent < 0 ? -platform::last_error() : sent;
}

int shutdown_sending(Descriptor descriptor) {
  return ::shutdown(socket_of(descriptor), platform::kShutdownSending) == 0 ? 0 : -platform::last_error();
}

void limit_unsent(Descriptor descriptor, bool limited) {
  // If it fails, everything is still sent, in pieces of another size.
  if (platform::kUnsentLimitOption < 0) return;
  int most = limited ? kUnsentLimitBytes : INT_MAX;
  set_option(socket_of(descriptor), IPPROTO_TCP, platform::kUnsentLimitOption, most);
}

int receive_buffer(Descriptor descriptor, int* bytes) {
  platform::Size size = sizeof *bytes;
  if (::getsockopt(socket_of(descriptor), SOL_SOCKET, SO_RCVBUF, reinterpret_cast<char*>(bytes), &size) != 0) {
    return -platform::last_error();
  }
  *bytes /= platform::kReceiveBufferFactor;
  return 0;
}

int set_receive_buffer(Descriptor descriptor, int bytes) {
  return set_option(socket_of(descriptor), SOL_SOCKET, SO_RCVBUF, bytes) ? 0 : -platform::last_error();
}

void reset_receive_buffer(Descriptor descriptor, int bytes) {
  set_receive_buffer(descriptor, bytes);
  if (platform::kBufferLockOption >= 0) set_option(socket_of(descriptor), SOL_SOCKET, platform::kBufferLockOption, 0);
}

bool peer_has_finished(Descriptor descriptor) { return platform::peer_has_finished(socket_of(descriptor)); }

void reset_on_close(Descriptor descriptor) {
  linger at_once = {};
  at_once.l_onoff = 1;
  // If it fails, the connection is closed normally, which only takes longer.
  ::setsockopt(socket_of(descriptor), SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once), sizeof at_once);
}

void close(Descriptor descriptor) { platform::close_socket(socket_of(descriptor)); }

int send_datagram(const char* path, size_t path_size, const char* bytes, size_t size) {
  sockaddr_storage name = {};
  platform::Size name_size = platform::unix_name(path, path_size, &name);
  if (name_size == 0) return no_unix_name(path_size);
  platform::Socket socket = platform::open_socket(platform::kUnixFamily, SOCK_DGRAM);
  if (!platform::is_valid(socket)) return -platform::last_error();
  auto* to = reinterpret_cast<sockaddr*>(&name);
  int error = platform::send_to(socket, bytes, size, to, name_size) < 0 ? -platform::last_error() : 0;
  platform::close_socket(socket);
  return error;
}

int open_wakeup(Descriptor descriptors[2]) {
  platform::Socket pair[2] = {platform::kNoSocket, platform::kNoSocket};
  if (!platform::open_wakeup(pair)) {
    int error = -platform::last_error();
    for (platform::Socket socket : pair) {
      if (platform::is_valid(socket)) platform::close_socket(socket);
    }
    return error;
  }
  descriptors[0] = static_cast<Descriptor>(pair[0]);
  descriptors[1] = static_cast<Descriptor>(pair[1]);
  return 0;
}

void raise(Descriptor descriptor) { platform::raise(socket_of(descriptor)); }

void lower(Descriptor descriptor) { platform::lower(socket_of(descriptor)); }

uint64_t monotonic_us() {
  using namespace std::chrono;
  return static_cast<uint64_t>(duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

void* allocate_pages(size_t size) { return platform::allocate_pages(size); }

void free_pages(void* memory, size_t size) { platform::free_pages(memory, size); }

int64_t wall_clock_seconds() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace brink::net::system
