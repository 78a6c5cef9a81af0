// The application under test: answers every request as JavaScript would, by writing replies into a block. Owned by one
// server, and called on the one thread that its batches come to. A client may ask for:
//
//   /          a constant
//   /large     kLargeBytes, which cross by reference
//   /vanishing  the same, in memory of its own, until take_memory()
//   /file      the first bytes of the file that was given, or of what it has become
//   /busy      the constant too, but not before release(): until then the app does nothing else
//   any other  its own target, so that a client sees which answer it was given
//   a body     the number of its bytes, which it wants all of
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "net/file.h"
#include "reactor/exchange.h"

namespace brink::selftest {

class App {
 public:
  static constexpr std::string_view kConstant = "Hello, World!";
  static constexpr size_t kLargeBytes = 4 * 1024 * 1024;
  static char large_byte(size_t at) { return static_cast<char>('a' + at % 23); }

  // Answers every request of a batch, into a block that nothing else uses.
  reactor::Replies answer(const reactor::Batch& batch, reactor::Block* into);

  // May be called on any thread.
  void wait_until_busy();
  void release();
  void take_memory() { memory_taken_ = true; }
  void give_file(std::shared_ptr<net::File> file, uint64_t length) {
    std::lock_guard<std::mutex> guard(lock_);
    file_ = std::move(file);
    file_length_ = length;
  }

  // Bodies that were lent and not given back yet.
  int64_t bodies_out() const { return bodies_out_; }
  int64_t bodies_lent() const { return bodies_lent_; }
  int64_t bodies_changed() const { return bodies_changed_; }

 private:
  class LentBody;
  class VanishingBody;
  class ReplyWriter;

  // A request body that is still arriving.
  struct Upload {
    uint32_t sequence;
    size_t bytes;
  };

  void answer_event(const reactor::Batch& batch, const uint32_t* words, ReplyWriter& replies);
  void answer_request(const reactor::Batch& batch, const uint32_t* words, ReplyWriter& replies);
  void add_to_upload(const uint32_t* words, ReplyWriter& replies);

  std::map<uint64_t, Upload> uploads_;  // by the token of their connection
  void be_busy();

  std::atomic<int64_t> bodies_out_ = 0;
  std::atomic<int64_t> bodies_lent_ = 0;
  std::atomic<int64_t> bodies_changed_ = 0;  // that the app was told of
  std::atomic<bool> memory_taken_ = false;
  std::shared_ptr<net::File> file_;
  uint64_t file_length_ = 0;
  std::mutex lock_;
  std::condition_variable changed_;
  bool busy_ = false;
  bool released_ = false;
};

}  // namespace brink::selftest
