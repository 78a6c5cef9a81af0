// A regular file that is open for reading, with its metadata at the time of opening. Shared by all that send it, on
// any thread; the last owner closes it.
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

// An open folder. It stays the same folder when its path is changed to name another one.
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

// The result of opening: a file or folder, or the negative errno that system.h documents.
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
