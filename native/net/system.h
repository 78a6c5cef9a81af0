// The interface to the operating system: every system call on a connection, a listener or a file goes through these
// functions. A test build links another implementation. The differences between systems are in platform.h and
// platform_files.h.
//
// A function returns the result of the system call, or a negative errno. None of them blocks, except on a disk.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brink::net {

// A socket descriptor; wide enough for Windows, where it is a handle.
using Descriptor = intptr_t;
inline constexpr Descriptor kNoDescriptor = -1;

// An IP address and port. IPv4 addresses are stored in IPv4-mapped IPv6 form, so that there is only one form.
struct Address {
  uint8_t bytes[16] = {};
  uint32_t scope = 0;
  uint16_t port = 0;
  bool is_ipv4 = false;
  bool is_unix = false;  // a socket of the UNIX domain, which has neither
};

inline constexpr int kUsualBacklog = 1024;
inline constexpr int kAnyMode = -1;  // what the process's umask leaves

// A contiguous range of bytes.
struct Slice {
  const char* data;
  size_t size;
};

struct ListenOptions {
  int backlog = kUsualBacklog;  // 0: that of a socket that listens already, otherwise the usual one
  bool reuse_port = false;
  bool claims_port = false;  // with reuse_port: -EADDRINUSE if anybody shares the port already
  bool ipv6_only = true;
  bool listens = true;  // otherwise it is only bound: clients are refused, and none gets its port for itself
  int mode = kAnyMode;  // of the file of a socket of the UNIX domain
};

// What a socket is bound to: an IP address as text, or the path of a socket of the UNIX domain.
struct LocalName {
  bool is_unix = false;
  size_t size = 0;
  char text[128] = {};
};

// The result of opening a listener: the descriptor, or a negative errno and the system call that returned it.
struct Opened {
  Descriptor descriptor = kNoDescriptor;
  int error = 0;
  const char* syscall = "";
};

// The metadata of a file.
struct FileFacts {
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970: when it was written; who may write it can set it, too
  int64_t changed_ns = 0;   // when anything of it was changed, its times among it; nobody can set it
  uint64_t inode = 0;
  uint64_t device = 0;
};

namespace system {

// Parses a numeric address; false when the text is not one.
bool parse_address(const char* text, uint16_t port, Address* address);

// Opens a bound, listening, non-blocking socket, with the options of accept() set where connections inherit them.
Opened open_listener(const Address& address, const ListenOptions& options);
// The same at a path of the UNIX domain; on Linux one that begins with a zero is a name without a file. The file has
// its mode before anybody can connect. -ENAMETOOLONG for a path that does not fit a socket's name.
Opened open_unix_listener(const char* path, size_t size, const ListenOptions& options);
// Removes the file of such a socket; a name without one is left.
void remove_unix_file(const char* path);
// Opens a listener of a bound socket that somebody else has opened, which the caller owns, whatever becomes of it.
// -EINVAL when it is not bound, or is connected.
Opened adopt_listener(Descriptor descriptor, const ListenOptions& options);
int local_port(Descriptor descriptor);
// Empty where it is not known.
LocalName local_name(Descriptor descriptor);
// This end of a connection; nothing where it is not known.
Address local_address(Descriptor descriptor);
// Duplicates a listener for another reactor: the socket listens until all of its descriptors are closed. A negative
// errno on failure.
int64_t duplicate(Descriptor descriptor);

// Accepts the next connection: non-blocking, closed on exec, with TCP_NODELAY and SO_KEEPALIVE. -EAGAIN when none
// waits.
int64_t accept(Descriptor listener, Address* peer);
int64_t receive(Descriptor descriptor, char* into, size_t size);

// Sends the slices in order, as much as the socket takes. A closed connection gives -EPIPE, never a signal.
// `more_follows` allows the system to wait for the next bytes, or for the end, to fill a segment.
int64_t send(Descriptor descriptor, const Slice* slices, size_t count, bool more_follows);

// Closes the sending side; the peer's bytes can still be read.
int shutdown_sending(Descriptor descriptor);
void close(Descriptor descriptor);
// Makes close() discard unsent bytes and reset the connection: for a client that reads nothing.
void reset_on_close(Descriptor descriptor);
// Whether the kernel accepts only few unsent bytes, which is the default. It is lifted for large files, whose bytes
// the kernel need not copy.
void limit_unsent(Descriptor descriptor, bool limited);
// The bytes of a socket that the kernel holds for it until they are read, as set_receive_buffer() takes them: 0, or a
// negative errno. Connections have what their listener has when they begin, and their receive window is within it.
int receive_buffer(Descriptor descriptor, int* bytes);
int set_receive_buffer(Descriptor descriptor, int bytes);
// As it was before, and from then on the kernel sizes it again, where it does that.
void reset_receive_buffer(Descriptor descriptor, int bytes);
// Whether the peer has finished sending, although received bytes were not read yet. False where the system cannot
// tell.
bool peer_has_finished(Descriptor descriptor);

// Sends one datagram to a socket of the UNIX domain, whose path may begin with a zero: 0, or a negative errno.
int send_datagram(const char* path, size_t path_size, const char* bytes, size_t size);

// A wake-up for a reactor's thread: descriptors[0] is readable from raise(descriptors[1]) until
// lower(descriptors[0]). Both may be the same descriptor.
int open_wakeup(Descriptor descriptors[2]);
void raise(Descriptor descriptor);
void lower(Descriptor descriptor);

// Open a folder or a file by a path of the system.
int open_folder(const char* path, Descriptor* folder, FileFacts* facts);
int open_file(const char* path, Descriptor* file, FileFacts* facts);
// Opens a regular file by its path below a folder. No spelling and no link leads out of the folder. -ENOENT when it
// does not exist, or the path has empty or dot segments; -EXDEV for a link that leads out; -EISDIR for a folder;
// -ENXIO for a pipe, a device and the like; -EACCES without permission to read.
int open_beneath(Descriptor folder, const char* path, Descriptor* file, FileFacts* facts);
// Closes a file or folder; sockets are closed by close().
void close_file(Descriptor file);

// Returns 0 at the end of the file.
int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size);
// Sends bytes of a file, as many as the socket takes: returns their number, or 0 when the file ends before `offset`.
// The bytes do not pass through this process where the system supports that.
int64_t send_file(Descriptor socket, Descriptor file, uint64_t offset, uint64_t length);

// Microseconds and milliseconds of a monotonic clock, and seconds since 1970.
uint64_t monotonic_us();
inline uint64_t monotonic_ms() { return monotonic_us() / 1000; }
int64_t wall_clock_seconds();

// Zeroed memory in whole pages, or null. free_pages() returns it to the system.
void* allocate_pages(size_t size);
void free_pages(void* memory, size_t size);

}  // namespace system
}  // namespace brink::net
