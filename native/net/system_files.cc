// The part of the seam that is about files.
#include "net/platform_files.h"
#include "net/system.h"

namespace brink::net::system {
namespace {

// Keeps what was opened if it is of the wanted kind, and closes it otherwise.
int keep(Descriptor opened, platform::FileKind wanted, Descriptor* kept, FileFacts* facts) {
  platform::FileKind kind;
  int error = platform::facts_of(opened, facts, &kind);
  if (error == 0 && kind != wanted) {
    error = kind == platform::FileKind::folder                                         ? -EISDIR
            : wanted == platform::FileKind::folder && kind == platform::FileKind::file ? -ENOTDIR
                                                                                       : -ENXIO;
  }
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
  return error != 0 ? error : keep(opened, platform::FileKind::folder, folder, facts);
}

int open_file(const char* path, Descriptor* file, FileFacts* facts) {
  Descriptor opened = kNoDescriptor;
  int error = platform::open_path(path, &opened);
  return error != 0 ? error : keep(opened, platform::FileKind::file, file, facts);
}

int open_beneath(Descriptor folder, const char* path, Descriptor* file, FileFacts* facts) {
  if (!platform::is_plain_path(path)) return -ENOENT;
  Descriptor opened = kNoDescriptor;
  int error = platform::open_beneath(folder, path, &opened);
  return error != 0 ? error : keep(opened, platform::FileKind::file, file, facts);
}

int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size) {
  return platform::read_at(file, offset, into, size);
}

int64_t send_file(Descriptor socket, Descriptor file, uint64_t offset, uint64_t length) {
  return platform::send_file(static_cast<platform::Socket>(socket), file, offset, length);
}

void close_file(Descriptor file) { platform::close_file(file); }

}  // namespace brink::net::system
