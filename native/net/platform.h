// Differences between systems: sockets, readiness calls and wake-ups, with the same names for POSIX and Winsock.
// Files are in platform_files.h; there is no third place. Linux extensions that save system calls are used only here.
// BRINK_PORTABLE leaves them out, so that the code of other systems can be tested on Linux.
#pragma once

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#if defined(_WIN32)
// Before winsock2.h: the capacity of an fd_set. The default is 64.
#define FD_SETSIZE 1024
// Otherwise windows.h defines min and max as macros.
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
// After winsock2.h and ws2tcpip.h.
#include <mstcpip.h>
// After winsock2.h, because it includes the first Winsock otherwise.
#include <process.h>
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#endif

#if defined(__linux__) && !defined(BRINK_PORTABLE)
#define BRINK_LINUX 1
#include <sys/eventfd.h>
#include <sys/prctl.h>
#endif

// Tests define it on Linux, with a kqueue of their own. A token is 64 bits wide, and goes beside an event in a pointer.
#if (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
     defined(__DragonFly__)) &&                                                                   \
    UINTPTR_MAX == UINT64_MAX && !defined(BRINK_PORTABLE)
#define BRINK_KQUEUE 1
#endif

namespace brink::net::platform {

// TCP keep-alive: seconds of silence before the first probe, seconds between probes, and their number. Without it, a
// peer that vanished would keep a quiet stream or a waiting handler forever. Proxies and NAT boxes drop silent
// connections after a few minutes at the earliest, so the probes keep the connection alive there, too.
inline constexpr int kAskAfterSeconds = 60;
inline constexpr int kAskAgainSeconds = 10;
inline constexpr int kQuestions = 6;

#if defined(_WIN32)

using Socket = SOCKET;
using Size = int;  // of addresses and options
inline constexpr Socket kNoSocket = INVALID_SOCKET;

// Winsock is started once for the process and never stopped, because the process may have sockets of its own.
inline void start() {
  static const bool started = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  (void)started;
}

inline void* allocate_pages(size_t size) {
  return ::VirtualAlloc(nullptr, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
inline void free_pages(void* memory, size_t) { ::VirtualFree(memory, 0, MEM_RELEASE); }
// There is no call for this that does not receive.
inline bool peer_has_finished(Socket) { return false; }
// Winsock has its own error numbers.
inline int last_error() {
  switch (WSAGetLastError()) {
    case WSAEWOULDBLOCK:
      return EAGAIN;
    case WSAEINTR:
      return EINTR;
    case WSAEMFILE:
      return EMFILE;
    case WSAENOBUFS:
      return ENOBUFS;
    case WSAECONNABORTED:
      return ECONNABORTED;
    case WSAECONNRESET:
      return ECONNRESET;
    case WSAESHUTDOWN:
      return EPIPE;
    case WSAENOTCONN:
      return ENOTCONN;
    case WSAEADDRINUSE:
      return EADDRINUSE;
    case WSAEADDRNOTAVAIL:
      return EADDRNOTAVAIL;
    case WSAEAFNOSUPPORT:
      return EAFNOSUPPORT;
    case WSAEACCES:
      return EACCES;
    case WSAENOTSOCK:
      return EBADF;
    case WSAEINVAL:
      return EINVAL;
    default:
      return EIO;
  }
}

inline bool is_valid(Socket socket) { return socket != INVALID_SOCKET; }
inline void close_socket(Socket socket) { ::closesocket(socket); }
inline bool make_non_blocking(Socket socket) {
  u_long on = 1;
  return ::ioctlsocket(socket, FIONBIO, &on) == 0;
}
inline Socket made_ready(Socket socket) {
  if (!is_valid(socket) || make_non_blocking(socket)) return socket;
  int error = ::WSAGetLastError();
  ::closesocket(socket);
  ::WSASetLastError(error);
  return INVALID_SOCKET;
}
inline Socket open_socket(int family, int type = SOCK_STREAM) { return made_ready(::socket(family, type, 0)); }
inline Socket accept_socket(Socket listener, sockaddr* peer, Size* size) {
  return made_ready(::accept(listener, peer, size));
}
inline constexpr int kUnixFamily = -1;
inline Size unix_name(const char*, size_t, sockaddr_storage*) { return 0; }
inline size_t unix_path(const sockaddr_storage&, Size, char*, size_t) { return 0; }
inline bool set_mode(const char*, int) { return false; }
inline void remove_file(const char*) {}
// Both are descriptors of one socket and share its readiness and its non-blocking mode.
inline Socket duplicate_socket(Socket socket) {
  WSAPROTOCOL_INFOW info;
  if (::WSADuplicateSocketW(socket, ::GetCurrentProcessId(), &info) != 0) return INVALID_SOCKET;
  return ::WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}
// Windows has a fixed number of probes: ten.
inline void ask_silent_peers(Socket socket) {
  tcp_keepalive when = {1, 1000 * kAskAfterSeconds, 1000 * kAskAgainSeconds};
  DWORD size = 0;
  ::WSAIoctl(socket, SIO_KEEPALIVE_VALS, &when, sizeof when, nullptr, 0, &size, nullptr, nullptr);
}

// On Windows, SO_REUSEADDR lets another process take over the port; this option forbids it. TIME_WAIT does not block
// a bind.
inline constexpr int kRestartOption = SO_EXCLUSIVEADDRUSE;
inline constexpr int kUnsentLimitOption = -1;
inline constexpr int kReceiveBufferFactor = 1;
inline constexpr int kBufferLockOption = -1;
inline constexpr int kShutdownSending = SD_SEND;
inline constexpr bool kAcceptedInheritsOptions = false;

// Lengths are 32 bits wide. A longer buffer is sent in part, as with a full socket.
inline int length_of(size_t size) { return static_cast<int>(size < INT_MAX ? size : INT_MAX); }

struct Vector {
  WSABUF buffer;
  void set(const char* data, size_t size) {
    buffer.buf = const_cast<char*>(data);
    buffer.len = static_cast<ULONG>(length_of(size));
  }
};
inline constexpr int kMoreFollows = 0;
inline int64_t send_vectors(Socket socket, Vector* vectors, size_t count, int) {
  DWORD sent = 0;
  int failed =
      ::WSASend(socket, reinterpret_cast<WSABUF*>(vectors), static_cast<DWORD>(count), &sent, 0, nullptr, nullptr);
  return failed ? -1 : static_cast<int64_t>(sent);
}
inline int64_t send_bytes(Socket socket, const char* data, size_t size, int) {
  return ::send(socket, data, length_of(size), 0);
}
inline int64_t send_to(Socket socket, const char* data, size_t size, const sockaddr* to, Size to_size) {
  return ::sendto(socket, data, length_of(size), 0, to, to_size);
}
inline int64_t receive_bytes(Socket socket, char* into, size_t size) {
  return ::recv(socket, into, length_of(size), 0);
}

using PollItem = WSAPOLLFD;
// On Windows, POLLHUP means that the peer has finished sending, and may still read responses. It is reported whether
// requested or not, and every time.
inline constexpr short kPollBroken = POLLERR | POLLNVAL;
inline constexpr bool kRepeatsHangUp = true;
inline int poll_sockets(PollItem* items, size_t count, int timeout_ms) {
  // WSAPoll refuses an empty list, which here means to sleep.
  if (count == 0) return ::Sleep(timeout_ms < 0 ? INFINITE : static_cast<DWORD>(timeout_ms)), 0;
  return ::WSAPoll(items, static_cast<ULONG>(count), timeout_ms);
}
// select refuses empty sets as well.
inline int select_sockets(Socket, size_t, fd_set* reads, fd_set* writes, int timeout_ms) {
  if (reads->fd_count + writes->fd_count == 0)
    return ::Sleep(timeout_ms < 0 ? INFINITE : static_cast<DWORD>(timeout_ms)), 0;
  timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  return ::select(0, reads, writes, nullptr, timeout_ms < 0 ? nullptr : &timeout);
}
// On Windows, an fd_set is a list with a maximum count.
inline bool fits_fd_set(Socket, size_t already_in_it) { return already_in_it < FD_SETSIZE; }

using ThreadHandle = HANDLE;
// Returns 0 or an errno. `body` outlives the thread.
inline int start_thread(ThreadHandle* handle, std::function<void()>* body) {
  auto run = [](void* data) -> unsigned {
    (*static_cast<std::function<void()>*>(data))();
    return 0;
  };
  uintptr_t started = ::_beginthreadex(nullptr, 0, run, body, 0, nullptr);
  *handle = reinterpret_cast<ThreadHandle>(started);
  return started == 0 ? errno : 0;
}
inline void join_thread(ThreadHandle handle) {
  ::WaitForSingleObject(handle, INFINITE);
  ::CloseHandle(handle);
}

#else  // POSIX

using Socket = int;
using Size = socklen_t;
inline constexpr Socket kNoSocket = -1;

inline void start() {}
inline int last_error() { return errno; }
inline bool is_valid(Socket socket) { return socket >= 0; }
// close() frees the descriptor even if it fails; closing again could close another one.
inline void close_socket(Socket socket) { ::close(socket); }

inline void* allocate_pages(size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}
inline void free_pages(void* memory, size_t size) { ::munmap(memory, size); }

inline bool make_non_blocking(int fd) {
  int flags = ::fcntl(fd, F_GETFL, 0);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

#if defined(BRINK_LINUX)
inline Socket open_socket(int family, int type = SOCK_STREAM) {
  return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}
inline Socket accept_socket(Socket listener, sockaddr* peer, Size* size) {
  return ::accept4(listener, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
inline constexpr bool kAcceptedInheritsOptions = true;
inline bool peer_has_finished(Socket socket) {
  tcp_info info = {};
  Size size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE;
}
inline constexpr int kSendFlags = MSG_NOSIGNAL;
inline constexpr int kMoreFollows = MSG_MORE;
#else
inline Socket made_ready(int fd) {
  if (fd < 0) return fd;
  int one = 1;
  (void)one;
#if defined(SO_NOSIGPIPE)
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
  if (make_non_blocking(fd)) return fd;
  int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}
inline Socket open_socket(int family, int type = SOCK_STREAM) { return made_ready(::socket(family, type, 0)); }
inline Socket accept_socket(Socket listener, sockaddr* peer, Size* size) {
  return made_ready(::accept(listener, peer, size));
}
inline constexpr bool kAcceptedInheritsOptions = false;
// There is no portable call for this that does not receive.
inline bool peer_has_finished(Socket) { return false; }
// Without a flag or an option against SIGPIPE, the process must ignore the signal, as Node does.
inline constexpr int kSendFlags = 0;
inline constexpr int kMoreFollows = 0;
#endif

// The name of a socket at a path, and its size; 0 where there is none.
inline constexpr int kUnixFamily = AF_UNIX;
inline Size unix_name(const char* path, size_t size, sockaddr_storage* out) {
  auto* name = reinterpret_cast<sockaddr_un*>(out);
  if (size == 0 || size >= sizeof name->sun_path) return 0;
  name->sun_family = AF_UNIX;
  std::memcpy(name->sun_path, path, size);
  // One that is no file ends where its size says, and not with a zero.
  size_t end = path[0] == '\0' ? 0 : 1;
  return static_cast<Size>(offsetof(sockaddr_un, sun_path) + size + end);
}

// The reverse: the number of bytes of the path, 0 when it has none.
inline size_t unix_path(const sockaddr_storage& from, Size size, char* into, size_t room) {
  const auto& name = reinterpret_cast<const sockaddr_un&>(from);
  size_t begin = offsetof(sockaddr_un, sun_path);
  if (size <= begin) return 0;
  size_t length = size - begin < room ? size - begin : room;
  if (name.sun_path[0] != '\0') length = ::strnlen(name.sun_path, length);
  std::memcpy(into, name.sun_path, length);
  return length;
}
inline bool set_mode(const char* path, int mode) { return ::chmod(path, static_cast<mode_t>(mode)) == 0; }
inline void remove_file(const char* path) { ::unlink(path); }

inline Socket duplicate_socket(Socket socket) { return ::fcntl(socket, F_DUPFD_CLOEXEC, 0); }

// Where the times cannot be set, the system's defaults apply, which may be hours. That is acceptable.
inline void ask_silent_peers(Socket socket) {
  auto set = [socket](int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); };
#if defined(TCP_KEEPIDLE)
  set(IPPROTO_TCP, TCP_KEEPIDLE, kAskAfterSeconds);
#elif defined(TCP_KEEPALIVE)
  set(IPPROTO_TCP, TCP_KEEPALIVE, kAskAfterSeconds);
#endif
#if defined(TCP_KEEPINTVL)
  set(IPPROTO_TCP, TCP_KEEPINTVL, kAskAgainSeconds);
#endif
#if defined(TCP_KEEPCNT)
  set(IPPROTO_TCP, TCP_KEEPCNT, kQuestions);
#endif
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

// Limits how many unsent bytes the kernel accepts; the rest waits in this process, where its size is bounded.
// Otherwise each client that does not read would occupy megabytes of kernel memory. Accepted sockets inherit the
// option.
#if defined(BRINK_LINUX) && defined(TCP_NOTSENT_LOWAT)
inline constexpr int kUnsentLimitOption = TCP_NOTSENT_LOWAT;
#else
inline constexpr int kUnsentLimitOption = -1;
#endif

// socket(7): Linux doubles what is set, and tells that; then it leaves the size as it is, until SO_BUF_LOCK says
// otherwise.
#if defined(BRINK_LINUX)
inline constexpr int kReceiveBufferFactor = 2;
inline constexpr int kBufferLockOption = 72;
#else
inline constexpr int kReceiveBufferFactor = 1;
inline constexpr int kBufferLockOption = -1;
#endif

inline constexpr int kRestartOption = SO_REUSEADDR;
inline constexpr int kShutdownSending = SHUT_WR;

struct Vector {
  iovec buffer;
  void set(const char* data, size_t size) { buffer = {const_cast<char*>(data), size}; }
};
inline int64_t send_vectors(Socket socket, Vector* vectors, size_t count, int flags) {
  msghdr message = {};
  message.msg_iov = reinterpret_cast<iovec*>(vectors);
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
  return ::sendmsg(socket, &message, kSendFlags | flags);
}
inline int64_t send_bytes(Socket socket, const char* data, size_t size, int flags) {
  return ::send(socket, data, size, kSendFlags | flags);
}
inline int64_t send_to(Socket socket, const char* data, size_t size, const sockaddr* to, Size to_size) {
  return ::sendto(socket, data, size, kSendFlags, to, to_size);
}
inline int64_t receive_bytes(Socket socket, char* into, size_t size) { return ::recv(socket, into, size, 0); }

using PollItem = pollfd;
inline constexpr short kPollBroken = POLLERR | POLLHUP | POLLNVAL;
inline constexpr bool kRepeatsHangUp = false;
inline int poll_sockets(PollItem* items, size_t count, int timeout_ms) {
  return ::poll(items, static_cast<nfds_t>(count), timeout_ms);
}
inline int select_sockets(Socket highest, size_t, fd_set* reads, fd_set* writes, int timeout_ms) {
  timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  return ::select(highest + 1, reads, writes, nullptr, timeout_ms < 0 ? nullptr : &timeout);
}
// On POSIX, an fd_set is a bitmap: a descriptor of FD_SETSIZE or above would be written past its end.
inline bool fits_fd_set(Socket socket, size_t) { return socket < FD_SETSIZE; }

using ThreadHandle = pthread_t;
// Returns 0 or an errno. `body` outlives the thread.
inline int start_thread(ThreadHandle* handle, std::function<void()>* body) {
  auto run = [](void* data) -> void* {
#if defined(BRINK_LINUX)
    // By which its CPU time is known.
    ::prctl(PR_SET_NAME, "brink-loop");
#endif
    (*static_cast<std::function<void()>*>(data))();
    return nullptr;
  };
  return ::pthread_create(handle, nullptr, run, body);
}
inline void join_thread(ThreadHandle handle) { ::pthread_join(handle, nullptr); }

#endif

// A wake-up that can be polled: descriptors[0] is readable from raise(descriptors[1]) until lower(descriptors[0]). If
// opening fails, the caller closes the descriptors that are valid.
#if defined(BRINK_LINUX)

inline bool open_wakeup(Socket descriptors[2]) {
  descriptors[0] = descriptors[1] = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return descriptors[0] >= 0;
}
inline void raise(Socket descriptor) {
  uint64_t one = 1;
  // write fails only when the counter is full, and then the wake-up is already raised.
  if (::write(descriptor, &one, sizeof one) < 0) return;
}
inline void lower(Socket descriptor) {
  uint64_t count;
  if (::read(descriptor, &count, sizeof count) < 0) return;
}

#else

#if defined(_WIN32)
// A pair of connected sockets over the loopback.
inline bool connect_pair(Socket listener, Socket descriptors[2]) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Size size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, name, size) != 0 || ::getsockname(listener, name, &size) != 0) return false;
  if (::listen(listener, 1) != 0) return false;
  descriptors[1] = ::socket(AF_INET, SOCK_STREAM, 0);
  if (!is_valid(descriptors[1]) || ::connect(descriptors[1], name, size) != 0) return false;
  descriptors[0] = ::accept(listener, nullptr, nullptr);
  // Otherwise the second of two wake-ups would wait for the acknowledgement of the first, up to 200 ms.
  int on = 1;
  ::setsockopt(descriptors[1], IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
  return is_valid(descriptors[0]);
}
inline bool open_pair(Socket descriptors[2]) {
  start();
  Socket listener = ::socket(AF_INET, SOCK_STREAM, 0);
  if (!is_valid(listener)) return false;
  bool connected = connect_pair(listener, descriptors);
  int error = ::WSAGetLastError();
  ::closesocket(listener);
  ::WSASetLastError(error);
  return connected;
}
#else
inline bool open_pair(Socket descriptors[2]) { return ::socketpair(AF_UNIX, SOCK_STREAM, 0, descriptors) == 0; }
#endif

inline bool open_wakeup(Socket descriptors[2]) {
  return open_pair(descriptors) && make_non_blocking(descriptors[0]) && make_non_blocking(descriptors[1]);
}

inline void raise(Socket descriptor) {
  char byte = 1;
  // A full buffer means that the wake-up is already raised.
  if (send_bytes(descriptor, &byte, 1, 0) < 0) return;
}
inline void lower(Socket descriptor) {
  char bytes[64];
  while (receive_bytes(descriptor, bytes, sizeof bytes) == static_cast<int64_t>(sizeof bytes)) {
  }
}

#endif

}  // namespace brink::net::platform
