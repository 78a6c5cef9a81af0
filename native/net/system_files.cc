// The file functions of system.h.
#include "net/platform_files.h"
#include "net/system.h"

namespace brink::net::system {
namespace {

using platform::FileKind;

// The error for opening something of the wrong kind.
int refusal_of(FileKind kind, FileKind wanted) {
  if (kind == FileKind::folder) return -EISDIR;
  return wanted == FileKind::folder ? -ENOTDIR : -ENXIO;
}

// Keeps a descriptor of the wanted kind, and closes any other.
int keep(Descriptor opened, FileKind wanted, Descriptor* kept, FileFacts* facts) {
  FileKind kind = FileKind::other;
  int error = platform::facts_of(opened, facts, &kind);
  if (error == 0 && kind != wanted) error = refusal_of(kind, wanted);
  if (error != 0) {
    platform::close_file(opened);
    return error;
  }
  *kept = opened;
  return 0;
}

}  // namespace

int open_folder(const char* path, Descriptor* folder, FileFacts* facts) {
  Descriptor opened = kNoDescriptor;
  int error = platform::open_folder_path(path, &opened);
  return error != 0 ? error : keep(opened, FileKind::folder, folder, facts);
}

int open_file(const char* path, Descriptor* file, FileFacts* facts) {
  Descriptor opened = kNoDescriptor;
  int error = platform::open_path(path, &opened);
  return error != 0 ? error : keep(opened, FileKind::file, file, facts);
}

int open_beneath(Descriptor folder, const char* path, Descriptor* file, FileFacts* facts) {
  if (!platform::is_plain_path(path)) return -ENOENT;
  Descriptor opened = kNoDescriptor;
  int error = platform::open_beneath(folder, path, &opened);
  return error != 0 ? error : keep(opened, FileKind::file, file, facts);
}

int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size) {
  return platform::read_at(file, offset, into, size);
}

int64_t send_file(Descriptor socket, Descriptor file, uint64_t offset, uint64_t length) {
  return platform::send_file(static_cast<platform::Socket>(socket), file, offset, length);
}

void close_file(Descriptor file) { platform::close_file(file); }

}  // namespace brink::net::system
