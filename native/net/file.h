// A regular file that is open for reading, and what was true of it when it was opened. Shared by whoever sends it, on
// any thread: the last one closes it.
#pragma once

#include <memory>

#include "net/system.h"

namespace brink::net {

class File {
 public:
  File(Descriptor descriptor, const FileFacts& facts) : descriptor_(descriptor), facts_(facts) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { system::close_file(descriptor_); }

  Descriptor descriptor() const { return descriptor_; }
  const FileFacts& facts() const { return facts_; }

 private:
  Descriptor descriptor_;
  FileFacts facts_;
};

// A folder that files are opened in, and that stays the same one when its path comes to name another.
class Folder {
 public:
  Folder(Descriptor descriptor, const FileFacts& facts) : descriptor_(descriptor), facts_(facts) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { system::close_file(descriptor_); }

  Descriptor descriptor() const { return descriptor_; }
  bool is_same_as(const Folder& other) const {
    return facts_.inode == other.facts_.inode && facts_.device == other.facts_.device;
  }

 private:
  Descriptor descriptor_;
  FileFacts facts_;
};

// What became of opening: a file or folder, or the negative errno that system.h names.
template <typename Type>
struct OpenResult {
  std::shared_ptr<Type> opened;
  int error = 0;
};

inline OpenResult<Folder> open_folder(const char* path) {
  Descriptor descriptor = kNoDescriptor;
  FileFacts facts;
  int error = system::open_folder(path, &descriptor, &facts);
  if (error != 0) return {nullptr, error};
  return {std::make_shared<Folder>(descriptor, facts), 0};
}

inline OpenResult<File> open_file(const char* path) {
  Descriptor descriptor = kNoDescriptor;
  FileFacts facts;
  int error = system::open_file(path, &descriptor, &facts);
  if (error != 0) return {nullptr, error};
  return {std::make_shared<File>(descriptor, facts), 0};
}

inline OpenResult<File> open_beneath(const Folder& folder, const char* path) {
  Descriptor descriptor = kNoDescriptor;
  FileFacts facts;
  int error = system::open_beneath(folder.descriptor(), path, &descriptor, &facts);
  if (error != 0) return {nullptr, error};
  return {std::make_shared<File>(descriptor, facts), 0};
}

}  // namespace brink::net
