// Files: found beneath a folder and nowhere else, and sent as far as a socket takes them.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/file.h"
#include "net/platform_files.h"
#include "selftest/file_tree.h"
#include "selftest/trial.h"

namespace brink::selftest {
namespace {

namespace fs = std::filesystem;

std::string content_of(const net::File& file) {
  std::string content(static_cast<size_t>(file.facts().size), '\0');
  int64_t got = net::system::read_at(file.descriptor(), 0, content.data(), content.size());
  content.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return content;
}

bool opens(Trial& trial, const net::Folder& folder, const std::string& path, std::string_view content) {
  net::OpenResult<net::File> found = net::open_beneath(folder, path.c_str());
  return trial.expect(found.opened != nullptr, path + " to open, not " + std::to_string(found.error)) &&
         trial.expect(content_of(*found.opened) == content, path + " to be what was written");
}

bool fails(Trial& trial, const net::Folder& folder, const std::string& path, std::initializer_list<int> errors) {
  int error = net::open_beneath(folder, path.c_str()).error;
  bool expected = std::find(errors.begin(), errors.end(), -error) != errors.end();
  return trial.expect(expected, path.substr(0, 60) + " to be refused, not " + std::to_string(error));
}

void beneath(Trial& trial) {
  FileTree tree;
  net::OpenResult<net::Folder> folder = net::open_folder(tree.path("public").c_str());
  if (!trial.expect(folder.opened != nullptr, "the folder to open, not " + std::to_string(folder.error))) return;
  const net::Folder& root = *folder.opened;
  opens(trial, root, "page.html", "<p>page</p>");
  opens(trial, root, "docs/index.html", "<p>docs</p>");
  opens(trial, root, "docs/deep/ümläut.txt", "deep");
  for (const char* path : {"", "/", ".", "..", "./page.html", "/page.html", "docs/../page.html", "../secret",
                           "docs/../../secret", "docs//index.html", "page.html/", "docs/", "docs/.", "missing"}) {
    fails(trial, root, path, {ENOENT});
  }
  fails(trial, root, tree.path("secret"), {ENOENT});
  fails(trial, root, "docs", {EISDIR});
  fails(trial, root, "page.html/x", {ENOTDIR, ENOENT});
  fails(trial, root, std::string(300, 'n'), {ENAMETOOLONG, ENOENT});
  std::string distant;
  for (int i = 0; i < 5000; i++) distant += "n/";
  fails(trial, root, distant + "n", {ENAMETOOLONG, ENOENT});
  for (const char* path : {"..\\secret", "docs\\..\\..\\secret", "page.html:stream", "C:\\secret", "CON", "NUL"}) {
    fails(trial, root, path, {ENOENT});
  }
}

void opening_by_path(Trial& trial) {
  FileTree tree;
  trial.expect(net::open_folder(tree.path("missing").c_str()).error == -ENOENT, "no folder to be told");
  trial.expect(net::open_folder(tree.path("secret").c_str()).error == -ENOTDIR, "a file to be no folder");
  trial.expect(net::open_file(tree.path("public").c_str()).error == -EISDIR, "a folder to be no file");
  net::OpenResult<net::File> file = net::open_file(tree.path("secret").c_str());
  if (!trial.expect(file.opened != nullptr, "a file to open")) return;
  trial.expect(content_of(*file.opened) == "secret", "the file to be what was written");
  int64_t seconds = file.opened->facts().modified_ns / 1'000'000'000;
  int64_t now = net::system::wall_clock_seconds();
  trial.expect(seconds > now - 600 && seconds < now + 600, "the time at which it was written");
  char byte;
  trial.expect(net::system::read_at(file.opened->descriptor(), 6, &byte, 1) == 0, "nothing behind the end");
  // The folder that is open stays the same when another one comes to its place.
  net::OpenResult<net::Folder> before = net::open_folder(tree.path("public").c_str());
  trial.expect(before.opened->is_same_as(*net::open_folder(tree.path("public").c_str()).opened), "one folder");
  std::error_code failed;
  fs::rename(tree.root() / "public", tree.root() / "old", failed);
  fs::create_directory(tree.root() / "public", failed);
  net::OpenResult<net::Folder> after = net::open_folder(tree.path("public").c_str());
  trial.expect(after.opened && !after.opened->is_same_as(*before.opened), "another folder");
#if !defined(_WIN32)
  // Wine remembers where it was.
  opens(trial, *before.opened, "page.html", "<p>page</p>");
#endif
}

void links(Trial& trial) {
  FileTree tree;
  if (!tree.link("public/inside", "docs/index.html")) return trial.remark("no links here");
  tree.link("public/folder", "docs");
  tree.link("public/docs/up", "../page.html");
  tree.link("public/around", "docs/deep/../../page.html");
  tree.link("public/chain", "folder/up");
  tree.link("public/out", "../secret");
  tree.link("public/parent", "..");
  tree.link("public/docs/far", "../../secret");
  tree.link("public/round", "docs/../../public/page.html");
  tree.link("public/itself", "itself");
  tree.link("public/nowhere", "nothing");
  tree.link("public/absolute", tree.root() / "public" / "page.html");
  tree.link("public/root", "/");
  net::OpenResult<net::Folder> folder = net::open_folder(tree.path("public").c_str());
  if (!trial.expect(folder.opened != nullptr, "the folder to open")) return;
  const net::Folder& root = *folder.opened;
  opens(trial, root, "inside", "<p>docs</p>");
  opens(trial, root, "folder/index.html", "<p>docs</p>");
  opens(trial, root, "docs/up", "<p>page</p>");
  opens(trial, root, "around", "<p>page</p>");
  opens(trial, root, "chain", "<p>page</p>");
  fails(trial, root, "folder", {EISDIR});
  for (const char* path : {"out", "parent/secret", "docs/far", "folder/far"}) {
    fails(trial, root, path, {EXDEV});
  }
#if !defined(_WIN32)
  fails(trial, root, "round", {EXDEV});
  fails(trial, root, "absolute", {EXDEV});
  fails(trial, root, "root/etc/passwd", {EXDEV});
  fails(trial, root, "itself", {ELOOP});
  fails(trial, root, "nowhere", {ENOENT});
  fails(trial, root, "parent", {EXDEV});
  // What a kernel without openat2 falls back to says the same.
  for (const char* path : {"out", "parent/secret", "docs/far", "folder/far", "round", "absolute", "root/etc/passwd",
                           "itself", "nowhere", "parent", "inside", "folder/index.html", "docs/up", "around", "chain",
                           "docs/index.html", "page.html/x", "missing/x"}) {
    net::Descriptor direct = net::kNoDescriptor, stepwise = net::kNoDescriptor;
    int folder_fd = static_cast<int>(root.descriptor());
    int error = net::platform::open_beneath(folder_fd, path, &direct);
    int error_of_steps = net::platform::open_by_steps(folder_fd, path, &stepwise);
    trial.expect(error == error_of_steps, std::string(path) + " to end by steps with " + std::to_string(error) +
                                              ", not " + std::to_string(error_of_steps));
    if (error == 0) net::platform::close_file(direct);
    if (error_of_steps == 0) net::platform::close_file(stepwise);
  }
#endif
}

#if !defined(_WIN32)
// Somebody puts a link in a folder's place, and the folder back, while it is walked through.
void swapped(Trial& trial) {
  constexpr int kRounds = 3000;
  FileTree tree;
  std::error_code ignored;
  fs::create_directory(tree.root() / "public" / "swap", ignored);
  tree.write("public/swap/secret", "inside");
  if (!tree.link("public/link", "..")) return trial.remark("no links here");
  net::OpenResult<net::Folder> folder = net::open_folder(tree.path("public").c_str());
  if (!trial.expect(folder.opened != nullptr, "the folder to open")) return;
  std::atomic<bool> over = false;
  std::thread swapping([&tree, &over] {
    fs::path there = tree.root() / "public" / "swap", link = tree.root() / "public" / "link",
             aside = tree.root() / "public" / "aside";
    std::error_code failed;
    while (!over) {
      fs::rename(there, aside, failed);
      fs::rename(link, there, failed);
      fs::rename(there, link, failed);
      fs::rename(aside, there, failed);
    }
  });
  int opened = 0;
  for (int round = 0; round < kRounds; round++) {
    for (bool by_steps : {false, true}) {
      net::Descriptor file = net::kNoDescriptor;
      int folder_fd = static_cast<int>(folder.opened->descriptor());
      int error = by_steps ? net::platform::open_by_steps(folder_fd, "swap/secret", &file)
                           : net::platform::open_beneath(folder_fd, "swap/secret", &file);
      if (error != 0) continue;
      opened++;
      net::File found(file, {6, 0, 0, 0, 0});
      trial.expect(content_of(found) == "inside", "nothing from outside, whatever changes meanwhile");
    }
  }
  over = true;
  swapping.join();
  trial.remark(std::to_string(opened) + " of " + std::to_string(2 * kRounds) + " opened");
}

void pipes(Trial& trial) {
  FileTree tree;
  if (::mkfifo(tree.path("public/pipe").c_str(), 0600) != 0) return trial.remark("no pipes here");
  net::OpenResult<net::Folder> folder = net::open_folder(tree.path("public").c_str());
  if (!trial.expect(folder.opened != nullptr, "the folder to open")) return;
  fails(trial, *folder.opened, "pipe", {ENXIO});
  trial.expect(net::open_file(tree.path("public/pipe").c_str()).error == -ENXIO, "a pipe to be no file");
  trial.expect(net::open_file("/dev/null").error == -ENXIO, "a device to be no file");
#if defined(BRINK_LINUX)
  trial.expect(net::open_file("/proc/self/status").error == -ENXIO, "what the kernel makes up to be no file");
#endif
}
#endif

// A connection to a client of this case, without a reactor.
class Pair {
 public:
  Pair() {
    net::Address address;
    if (!net::system::parse_address("127.0.0.1", 0, &address)) return;
    net::Opened opened = net::system::open_listener(address, {});
    if (opened.error != 0) return;
    net::Fd listener(opened.descriptor);
    client_ = std::make_unique<Client>(static_cast<uint16_t>(net::system::local_port(listener.get())));
    net::Address peer;
    int64_t accepted = -EAGAIN;
    while (accepted == -EAGAIN) accepted = net::system::accept(listener.get(), &peer);
    if (accepted >= 0) server_ = net::Fd(static_cast<net::Descriptor>(accepted));
  }
  bool connected() const { return client_ && client_->connected() && server_; }
  Client& client() { return *client_; }
  net::Descriptor server() const { return server_.get(); }
  void close_server() { server_.reset(); }

 private:
  std::unique_ptr<Client> client_;
  net::Fd server_;
};

void sending(Trial& trial) {
  constexpr size_t kSize = 5'000'003, kFrom = 17;
  constexpr int kMostTimes = 20;
  FileTree tree;
  std::string content = noise(kSize);
  tree.write("public/large", content);
  net::OpenResult<net::File> large = net::open_file(tree.path("public/large").c_str());
  Pair pair;
  if (!trial.expect(large.opened && pair.connected(), "a file and a client")) return;
  std::string got, sent_so_far;
  bool was_full = false;
  // As often as it takes to fill the sockets, which take what they like.
  for (int times = 0; times < kMostTimes && !was_full; times++) {
    sent_so_far.append(content, kFrom);
    uint64_t at = kFrom;
    while (at < kSize) {
      int64_t sent = net::system::send_file(pair.server(), large.opened->descriptor(), at, kSize - at);
      if (sent == -EAGAIN) {
        was_full = true;
        got += pair.client().receive_some();
      } else if (!trial.expect(sent > 0, "some of it to be sent, not " + std::to_string(sent))) {
        return;
      } else {
        at += static_cast<uint64_t>(sent);
      }
    }
  }
  trial.expect(was_full, "the socket to be full at times");
  // A file that was as long when it was opened, and is not any more.
  trial.expect(net::system::send_file(pair.server(), large.opened->descriptor(), kSize, 100) == 0, "nothing behind it");
  pair.close_server();
  for (std::string more = pair.client().receive_some(); !more.empty(); more = pair.client().receive_some()) got += more;
  trial.expect(got == sent_so_far, "its bytes, from the place that was asked for");
}

void shrinking(Trial& trial) {
  FileTree tree;
  tree.write("public/file", std::string(1000, 'x'));
  net::OpenResult<net::File> file = net::open_file(tree.path("public/file").c_str());
  Pair pair;
  if (!trial.expect(file.opened && pair.connected(), "a file and a client")) return;
  tree.write("public/file", "short");
  trial.expect(net::system::send_file(pair.server(), file.opened->descriptor(), 0, 1000) == 5, "what is left of it");
  trial.expect(net::system::send_file(pair.server(), file.opened->descriptor(), 5, 995) == 0, "its end to be told");
  trial.expect(file.opened->facts().size == 1000, "what was true when it was opened");
}

}  // namespace

std::vector<Case> cases_of_files() {
  return {
    {"a file opens beneath its folder, and nowhere else", beneath, once},
        {"files and folders open by path", opening_by_path, once}, {"links lead where they may", links, once},
#if !defined(_WIN32)
        {"a folder that becomes a link leads nowhere else", swapped, once},
        {"a pipe or a device is no file", pipes, once},
#endif
        {"a file is sent as far as the socket takes it", sending, once},
        {"the end of a file that shrinks is told", shrinking, once},
  };
}

}  // namespace brink::selftest
