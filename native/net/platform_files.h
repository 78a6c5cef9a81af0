// Differences between systems in opening, reading and sending files, with the same names for POSIX and Windows.
// BRINK_PORTABLE leaves out Linux extensions.
//
// A file that a client names must lie inside the served folder, whatever the spelling of its name, and wherever links
// lead. Linux resolves such a path itself (openat2). Other POSIX systems open it segment by segment, and links are
// followed here; on Windows, the final path of the opened file is checked. None of the three checks first and opens
// later, so a link that changes in between cannot lead outside. As with openat2, links to absolute paths count as
// outside everywhere.
#pragma once

#include "net/platform.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/system.h"

#if !defined(_WIN32)
#include <sys/stat.h>
#endif

#if defined(BRINK_LINUX)
#include <linux/magic.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#elif defined(__APPLE__) || defined(__FreeBSD__)
#include <sys/types.h>
#include <sys/uio.h>
#endif

namespace brink::net::platform {

enum class FileKind : uint8_t { file, folder, other };

// Whether a path is relative and has neither empty nor dot segments.
inline bool is_plain_path(std::string_view path) {
  for (size_t from = 0; from <= path.size();) {
    size_t slash = path.find('/', from);
    size_t end = slash == std::string_view::npos ? path.size() : slash;
    std::string_view segment = path.substr(from, end - from);
    if (segment.empty() || segment == "." || segment == "..") return false;
    from = end + 1;
  }
  return true;
}

#if defined(_WIN32)

using FileHandle = HANDLE;
inline FileHandle file_handle(Descriptor descriptor) { return reinterpret_cast<FileHandle>(descriptor); }
inline Descriptor file_descriptor(FileHandle handle) { return reinterpret_cast<Descriptor>(handle); }
inline void close_file(Descriptor descriptor) { ::CloseHandle(file_handle(descriptor)); }

inline int last_file_error() {
  switch (::GetLastError()) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
      return ENOENT;
    case ERROR_DIRECTORY:
      return ENOTDIR;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
      return EACCES;
    case ERROR_TOO_MANY_OPEN_FILES:
      return EMFILE;
    case ERROR_FILENAME_EXCED_RANGE:
      return ENAMETOOLONG;
    default:
      return EIO;
  }
}

inline int facts_of(Descriptor descriptor, FileFacts* facts, FileKind* kind) {
  *kind = FileKind::other;
  if (::GetFileType(file_handle(descriptor)) != FILE_TYPE_DISK) return 0;
  BY_HANDLE_FILE_INFORMATION found;
  if (!::GetFileInformationByHandle(file_handle(descriptor), &found)) return -last_file_error();
  auto joined = [](DWORD high, DWORD low) { return uint64_t{high} << 32 | low; };
  // File times count 100 ns since 1601.
  auto nanoseconds = [](int64_t ticks) { return (ticks - 116444736000000000) * 100; };
  uint64_t written = joined(found.ftLastWriteTime.dwHighDateTime, found.ftLastWriteTime.dwLowDateTime);
  facts->size = joined(found.nFileSizeHigh, found.nFileSizeLow);
  facts->modified_ns = facts->changed_ns = nanoseconds(static_cast<int64_t>(written));
  // Some file systems do not keep it.
  FILE_BASIC_INFO times;
  bool has_times = ::GetFileInformationByHandleEx(file_handle(descriptor), FileBasicInfo, &times, sizeof times);
  if (has_times && times.ChangeTime.QuadPart > 0) facts->changed_ns = nanoseconds(times.ChangeTime.QuadPart);
  facts->inode = joined(found.nFileIndexHigh, found.nFileIndexLow);
  facts->device = found.dwVolumeSerialNumber;
  *kind = found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? FileKind::folder : FileKind::file;
  return 0;
}

inline std::wstring wide(std::string_view utf8) {
  int size = ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), length_of(utf8.size()), nullptr, 0);
  std::wstring text(static_cast<size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), length_of(utf8.size()), text.data(), size);
  return text;
}

// The final path of a file, such as `\\?\C:\…`; empty when it is unknown.
inline std::wstring final_path(FileHandle handle) {
  std::wstring path(512, L'\0');
  DWORD size = ::GetFinalPathNameByHandleW(handle, path.data(), static_cast<DWORD>(path.size()), 0);
  if (size > path.size()) {
    path.resize(size);
    size = ::GetFinalPathNameByHandleW(handle, path.data(), size, 0);
  }
  path.resize(size < path.size() ? size : 0);
  return path;
}

// Other processes may write, rename and delete the file meanwhile, as on other systems. This opens folders, too.
inline int open_wide(const std::wstring& path, Descriptor* opened) {
  FileHandle handle = ::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (handle == INVALID_HANDLE_VALUE) return -last_file_error();
  *opened = file_descriptor(handle);
  return 0;
}
inline int open_path(const char* path, Descriptor* opened) { return open_wide(wide(path), opened); }
inline int open_folder_path(const char* path, Descriptor* opened) { return open_wide(wide(path), opened); }

// With the prefix `\\?\` there are no device names, and trailing dots and spaces are part of a name. What remains are
// alternate streams (`name:stream`) and short names (`LONGNA~1`), which would be second spellings of a file.
inline int open_beneath(Descriptor folder, std::string_view path, Descriptor* opened) {
  if (path.find_first_of("\\:~*?\"<>|") != std::string_view::npos) return -ENOENT;
  std::wstring root = final_path(file_handle(folder));
  if (root.empty()) return -last_file_error();
  if (root.back() != L'\\') root += L'\\';
  std::wstring wanted = root + wide(path);
  for (wchar_t& character : wanted) {
    if (character == L'/') character = L'\\';
  }
  int error = open_wide(wanted, opened);
  if (error != 0) return error;
  if (final_path(file_handle(*opened)).compare(0, root.size(), root) == 0) return 0;
  close_file(*opened);
  return -EXDEV;
}

inline int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD got = 0;
  if (::ReadFile(file_handle(file), into, static_cast<DWORD>(length_of(size)), &got, &place)) return got;
  return ::GetLastError() == ERROR_HANDLE_EOF ? 0 : -last_file_error();
}

#else  // POSIX

inline void close_file(Descriptor descriptor) { ::close(static_cast<int>(descriptor)); }

#if defined(BRINK_LINUX)
// Virtual files of the kernel look like regular files of 0 or 4096 bytes, but have another length when they are read.
inline bool is_made_when_read(Descriptor descriptor) {
  struct statfs found;
  if (::fstatfs(static_cast<int>(descriptor), &found) != 0) return false;
  switch (static_cast<uint32_t>(found.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}
#endif

inline int facts_of(Descriptor descriptor, FileFacts* facts, FileKind* kind) {
  struct stat found;
  if (::fstat(static_cast<int>(descriptor), &found) != 0) return -errno;
#if defined(__APPLE__)
  const timespec &modified = found.st_mtimespec, &changed = found.st_ctimespec;
#else
  const timespec &modified = found.st_mtim, &changed = found.st_ctim;
#endif
  auto nanoseconds = [](const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  facts->size = static_cast<uint64_t>(found.st_size);
  facts->modified_ns = nanoseconds(modified);
  facts->changed_ns = nanoseconds(changed);
  facts->inode = static_cast<uint64_t>(found.st_ino);
  facts->device = static_cast<uint64_t>(found.st_dev);
  *kind = S_ISREG(found.st_mode) ? FileKind::file : S_ISDIR(found.st_mode) ? FileKind::folder : FileKind::other;
#if defined(BRINK_LINUX)
  // Only virtual files and empty ones have no blocks, so fstatfs is called only for those.
  if (*kind == FileKind::file && found.st_blocks == 0 && is_made_when_read(descriptor)) *kind = FileKind::other;
#endif
  return 0;
}

// Without O_NONBLOCK, opening a pipe would block until there is a writer.
inline constexpr int kFileFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
// Search permission is enough for a folder; it need not be readable. The headers of macOS have O_SEARCH, and macOS from
// version 13 on.
#if defined(BRINK_LINUX)
inline constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
#elif defined(O_SEARCH) && !defined(__APPLE__)
inline constexpr int kFolderFlags = O_SEARCH | O_DIRECTORY | O_CLOEXEC;
#else
inline constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif

inline int open_at(int folder, const char* path, int flags, Descriptor* opened) {
  int fd;
  do {
    fd = ::openat(folder, path, flags);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return -errno;
  *opened = fd;
  return 0;
}
inline int open_path(const char* path, Descriptor* opened) { return open_at(AT_FDCWD, path, kFileFlags, opened); }
inline int open_folder_path(const char* path, Descriptor* opened) {
  return open_at(AT_FDCWD, path, kFolderFlags, opened);
}

// The folders that a walk has entered, innermost last.
class EnteredFolders {
 public:
  explicit EnteredFolders(int folder) : outermost_(folder) {}
  EnteredFolders(const EnteredFolders&) = delete;
  EnteredFolders& operator=(const EnteredFolders&) = delete;
  ~EnteredFolders() {
    while (leave()) {
    }
  }
  int current() const { return entered_.empty() ? outermost_ : entered_.back(); }
  void enter(Descriptor folder) { entered_.push_back(static_cast<int>(folder)); }
  // False at the outermost folder.
  bool leave() {
    if (entered_.empty()) return false;
    ::close(entered_.back());
    entered_.pop_back();
    return true;
  }

 private:
  int outermost_;
  std::vector<int> entered_;
};

// Opens one segment at a time with O_NOFOLLOW; symbolic links are resolved here.
inline int open_by_steps(int folder, std::string_view path, Descriptor* opened) {
  constexpr int kMostLinks = 40;
  EnteredFolders folders(folder);
  std::vector<std::string> steps;  // the next one last
  auto put_before = [&steps](std::string_view text) {
    for (size_t end = text.size();;) {
      size_t slash = text.substr(0, end).rfind('/');
      size_t from = slash == std::string_view::npos ? 0 : slash + 1;
      steps.emplace_back(text.substr(from, end - from));
      if (slash == std::string_view::npos) return;
      end = slash;
    }
  };
  put_before(path);
  for (int links = 0; !steps.empty();) {
    std::string name = std::move(steps.back());
    steps.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (!folders.leave()) return -EXDEV;
      continue;
    }
    bool last = steps.empty();
    int error = open_at(folders.current(), name.c_str(), (last ? kFileFlags : kFolderFlags) | O_NOFOLLOW, opened);
    if (error == 0 && last) return 0;
    if (error == 0) {
      folders.enter(*opened);
      continue;
    }
    // Systems report a refused link with different errors, so after any error readlinkat() tells whether it is a
    // link.
    char target[4096];
    ssize_t size = ::readlinkat(folders.current(), name.c_str(), target, sizeof target);
    if (size < 0) return error;
    if (size == static_cast<ssize_t>(sizeof target)) return -ENAMETOOLONG;
    if (target[0] == '/') return -EXDEV;
    if (++links > kMostLinks) return -ELOOP;
    put_before({target, static_cast<size_t>(size)});
  }
  return -EISDIR;  // a link to a folder on the way
}

#if defined(BRINK_LINUX)
// -ENOSYS before Linux 5.6; -EPERM in sandboxes that do not know the call.
inline int open_resolved(int folder, const char* path, Descriptor* opened) {
#if defined(SYS_openat2)
  constexpr long kCall = SYS_openat2;
#elif defined(__alpha__)
  constexpr long kCall = 547;
#else
  constexpr long kCall = 437;
#endif
  // struct open_how, with RESOLVE_NO_MAGICLINKS and RESOLVE_BENEATH: older headers lack them.
  struct {
    uint64_t flags, mode, resolve;
  } how = {kFileFlags | O_LARGEFILE, 0, 0x02 | 0x08};
  // EAGAIN can occur whenever something is renamed anywhere on the system.
  constexpr int kMostAttempts = 64;
  int error = 0;
  for (int attempt = 0; attempt < kMostAttempts; attempt++) {
    long fd = ::syscall(kCall, folder, path, &how, sizeof how);
    if (fd >= 0) {
      *opened = fd;
      return 0;
    }
    error = errno;
    if (error != EAGAIN && error != EINTR) break;
  }
  return -error;
}
#endif

inline int open_beneath(Descriptor folder, std::string_view path, Descriptor* opened) {
#if defined(BRINK_LINUX)
  int error = open_resolved(static_cast<int>(folder), std::string(path).c_str(), opened);
  if (error != -ENOSYS && error != -EPERM && error != -EAGAIN) return error;
#endif
  return open_by_steps(static_cast<int>(folder), path, opened);
}

inline int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size) {
  ssize_t got;
  do {
    got = ::pread(static_cast<int>(file), into, size, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

#endif

// Sends through a buffer in this process: for systems without sendfile, and for files that theirs does not support.
inline int64_t send_copied(Socket socket, Descriptor file, uint64_t offset, uint64_t length) {
  constexpr size_t kPiece = 64 * 1024;
  size_t wanted = length < kPiece ? static_cast<size_t>(length) : kPiece;
  // Not on the stack, which may be as small as 128 KiB for a thread.
  std::unique_ptr<char[]> piece(new char[wanted]);
  int64_t got = read_at(file, offset, piece.get(), wanted);
  if (got <= 0) return got;
  int64_t sent = send_bytes(socket, piece.get(), static_cast<size_t>(got), 0);
  return sent < 0 ? -last_error() : sent;
}

// A closed connection raises SIGPIPE here, and no flag prevents it: the process must ignore the signal, as Node does.
#if defined(BRINK_LINUX)

inline int64_t send_file(Socket socket, Descriptor file, uint64_t offset, uint64_t length) {
  constexpr uint64_t kMost = 0x7ffff000;
  off_t place = static_cast<off_t>(offset);
  ssize_t sent =
      ::sendfile(socket, static_cast<int>(file), &place, static_cast<size_t>(length < kMost ? length : kMost));
  if (sent >= 0) return sent;
  // Some file systems do not support sendfile for some files.
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return send_copied(socket, file, offset, length);
  return -errno;
}

#elif (defined(__APPLE__) || defined(__FreeBSD__)) && !defined(BRINK_PORTABLE)

inline int64_t send_file(Socket socket, Descriptor file, uint64_t offset, uint64_t length) {
  // A length of 0 would mean the whole rest of the file.
  if (length == 0) return 0;
  constexpr uint64_t kMost = 0x7ffff000;
  off_t sent = 0;
#if defined(__APPLE__)
  sent = static_cast<off_t>(length < kMost ? length : kMost);
  int failed = ::sendfile(static_cast<int>(file), socket, static_cast<off_t>(offset), &sent, nullptr, 0);
#else
  int failed = ::sendfile(static_cast<int>(file), socket, static_cast<off_t>(offset),
                          static_cast<size_t>(length < kMost ? length : kMost), nullptr, &sent, 0);
#endif
  // When it stops early, bytes that were sent are returned together with an error.
  if (failed == 0 || sent > 0) return sent;
  if (errno == EINVAL || errno == ENOTSUP || errno == EOPNOTSUPP) return send_copied(socket, file, offset, length);
  return -errno;
}

#else

inline int64_t send_file(Socket socket, Descriptor file, uint64_t offset, uint64_t length) {
  return send_copied(socket, file, offset, length);
}

#endif

}  // namespace brink::net::platform
