// The seam between brink and the operating system: every system call on a connection, a listener or a file goes through
// these functions. A test build links another implementation in their place. Where systems differ, platform.h tells,
// and platform_files.h.
//
// A call gives what the system call gives, or the negative of an errno value. Nothing here blocks, but for a disk.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brink::net {

// A socket as the system names it; wide enough for Windows, where it is a handle.
using Descriptor = intptr_t;
inline constexpr Descriptor kNoDescriptor = -1;

// An IP address and port. IPv4 addresses are kept in their IPv4-mapped IPv6 form, so that there is one form to carry.
struct Address {
  uint8_t bytes[16] = {};
  uint32_t scope = 0;
  uint16_t port = 0;
  bool is_ipv4 = false;
  bool is_unix = false;  // a socket of the UNIX domain, which has neither
};

// Bytes that lie in one piece.
struct Slice {
  const char* data;
  size_t size;
};

struct ListenOptions {
  int backlog = 1024;
  bool reuse_port = false;
  bool ipv6_only = true;
};

// What became of opening a listener: the descriptor, or the negative errno and the call that gave it.
struct Opened {
  Descriptor descriptor = kNoDescriptor;
  int error = 0;
  const char* syscall = "";
};

// What is known of a file without reading it.
struct FileFacts {
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970: when it was written; who may write it can set it, too
  int64_t changed_ns = 0;   // when anything of it was changed, its times among it; nobody can set it
  uint64_t inode = 0;
  uint64_t device = 0;
};

namespace system {

// A numeric address: false when the text is none.
bool parse_address(const char* text, uint16_t port, Address* address);

// A bound, listening, non-blocking socket. What accept() promises of its connections it has where they inherit it.
Opened open_listener(const Address& address, const ListenOptions& options);
// The same at a path of the UNIX domain; on Linux one that begins with a zero is a name without a file.
Opened open_unix_listener(const char* path, size_t size, const ListenOptions& options);
// The same of a bound socket that somebody else has opened, which the caller owns, whatever becomes of it.
Opened adopt_listener(Descriptor descriptor, const ListenOptions& options);
int local_port(Descriptor descriptor);
// This end of a connection; nothing where it is not known.
Address local_address(Descriptor descriptor);
// One more descriptor of the same socket, for another reactor: it listens until the last one is closed. A negative
// errno when the system refuses.
int64_t duplicate(Descriptor descriptor);

// The next waiting connection, non-blocking and closed on exec, which sends without delay (TCP_NODELAY), and whose peer
// is asked now and then, while it is silent, whether it is still there (SO_KEEPALIVE). -EAGAIN when there is none.
int64_t accept(Descriptor listener, Address* peer);
int64_t receive(Descriptor descriptor, char* into, size_t size);

// Sends the slices in order, as far as the socket takes them. A vanished peer is -EPIPE, never a signal. When more
// follows at once, or the end, the system may wait for it, and send both in one segment.
int64_t send(Descriptor descriptor, const Slice* slices, size_t count, bool more_follows);

// Says "no more from here" to the peer; what the peer sends can still be read.
int shutdown_sending(Descriptor descriptor);
void close(Descriptor descriptor);
// Makes close() throw away what was not sent yet, and the connection with it: for a client that takes nothing.
void reset_on_close(Descriptor descriptor);
// Whether the system takes only what it can send soon, as it does at first: of a large file, whose bytes it need not
// keep a copy of, it may take as much as it likes.
void limit_unsent(Descriptor descriptor, bool limited);
// Whether the peer has finished sending, though what it has sent was not received yet. False where nothing can tell.
bool peer_has_finished(Descriptor descriptor);

// A wake-up for a reactor's thread: descriptors[0] is readable from raise(descriptors[1]) until lower(descriptors[0]).
// The two may be one and the same.
int open_wakeup(Descriptor descriptors[2]);
void raise(Descriptor descriptor);
void lower(Descriptor descriptor);

// A folder to open files in, and a file, by paths of the system's own.
int open_folder(const char* path, Descriptor* folder, FileFacts* facts);
int open_file(const char* path, Descriptor* file, FileFacts* facts);
// A regular file by its path below a folder, which it cannot lead out of by any spelling or link: -ENOENT for none and
// for a path with empty segments or dots, -EXDEV for a link that leads out, -EISDIR for a folder, -ENXIO for a pipe, a
// device or the like, -EACCES for what may not be read.
int open_beneath(Descriptor folder, const char* path, Descriptor* file, FileFacts* facts);
// Files and folders are closed by this, sockets by close().
void close_file(Descriptor file);

// 0 at the end of the file.
int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size);
// Sends bytes of a file, as far as the socket takes them: how many it took, 0 when the file ends before `offset`. The
// file's bytes do not enter this process where the system can do without.
int64_t send_file(Descriptor socket, Descriptor file, uint64_t offset, uint64_t length);

// Milliseconds that never go backwards, and seconds since 1970.
uint64_t monotonic_ms();
int64_t wall_clock_seconds();

// Memory in whole pages, zeroed, or null; it goes back to the system when it is freed.
void* allocate_pages(size_t size);
void free_pages(void* memory, size_t size);

}  // namespace system
}  // namespace brink::net
