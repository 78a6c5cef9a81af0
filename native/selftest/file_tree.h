// Files for cases that need some, in a folder that is gone at the end of the case.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace brink::selftest {

class FileTree {
 public:
  FileTree() {
    // No two cases run at a time, but two variants do.
    auto number = std::chrono::steady_clock::now().time_since_epoch().count();
    root_ = std::filesystem::temp_directory_path(ignored_) / ("brink-selftest-" + std::to_string(number));
    std::filesystem::create_directories(root_ / "public" / "docs" / "deep", ignored_);
    write("secret", "secret");
    write("public/page.html", "<p>page</p>");
    write("public/docs/index.html", "<p>docs</p>");
    write("public/docs/deep/ümläut.txt", "deep");
  }
  ~FileTree() { std::filesystem::remove_all(root_, ignored_); }

  std::string path(const char* below) const { return (root_ / below).u8string(); }
  void write(const char* below, const std::string& content) const {
    std::ofstream(root_ / std::filesystem::u8path(below), std::ios::binary) << content;
  }
  // False where this system, or this user, may make none.
  bool link(const char* below, const std::filesystem::path& target) const {
    std::error_code failed;
    std::filesystem::create_symlink(target, root_ / below, failed);
    return !failed;
  }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
  mutable std::error_code ignored_;
};

// Bytes that differ from place to place, and are the same in every run.
inline std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace brink::selftest
