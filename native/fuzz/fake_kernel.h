// An operating system that exists only in memory: it stands behind net/system.h in place of net/system.cc. Its clients
// do what a script says, and any call can be told how to end. Time stands still until it is moved.
//
// It is strict where a real one is silent: a call on a descriptor that is not open, a write after the end was said, or
// a close that the poller does not know of is a finding. There is one at a time, as there is one net::system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fake_session.h"
#include "net/system.h"

namespace brink::fuzz {

// Sees what the server does to a client, as it happens.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void on_sent(size_t client, const char* bytes, size_t size) = 0;
  virtual void on_end_said(size_t client) = 0;  // by shutdown
  virtual void on_closed(size_t client) = 0;
};

// A client, and the server's socket to it.
struct Client {
  std::string sent;                                  // all that it ever sent,
  std::vector<std::pair<size_t, uint64_t>> sent_at;  // from which byte on, and when
  size_t received = 0;                               // how much of it the server has read
  bool finished = false;                             // said that it will send no more,
  uint64_t finished_ms = 0;                          // and when
  int broken = 0;                                    // the errno of what broke the connection
  bool told_broken = false;                          // once; after that it is the end of the stream
  bool takes_all = true;                             // whatever is sent to it
  size_t room = 0;                                   // if not: how much it takes now
  bool server_waits = false;                         // for room
  bool accepted = false;
  bool end_said = false;
  bool closed = false;                              // by the server
  net::Descriptor descriptor = net::kNoDescriptor;  // while it is accepted and not closed

  std::unique_ptr<ToyClient> tls;  // null for one that sends plaintext

  size_t unread() const { return sent.size() - received + (tls ? tls->to_server().size() : 0); }
  bool has_news_to_read() const { return unread() > 0 || finished || broken != 0; }
  size_t free_room() const { return takes_all ? SIZE_MAX : room; }
};

// What a poller sees of a descriptor.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool hung_up = false;
  bool broken = false;
};

// The calls whose outcome can be planned.
enum class Call : uint8_t { accept, receive, send, shutdown, watch, wait };
inline constexpr size_t kCalls = 6;

// What the kernel tells a kqueue.
class KernelQueue {
 public:
  virtual ~KernelQueue() = default;
  virtual void on_readable(net::Descriptor descriptor) = 0;
  virtual void on_writable(net::Descriptor descriptor) = 0;
  virtual void on_closed(net::Descriptor descriptor) = 0;
};

class FakeKernel {
 public:
  explicit FakeKernel(Witness& witness);
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;
  ~FakeKernel();
  static FakeKernel& current();

  // What clients do.
  size_t connect(bool speaks_tls = false);
  void send_record(size_t client, toy::Kind kind);
  void send(size_t client, const std::string& bytes);
  void finish(size_t client);
  void reset(size_t client, int error);
  void make_room(size_t client, size_t bytes);
  void take_all(size_t client, bool on);
  const Client& client(size_t client) const { return clients_[client]; }
  size_t clients() const { return clients_.size(); }
  size_t waiting() const { return backlog_.size(); }

  // The next call of this kind that has no plan yet ends so: with a negative errno; or, of a transfer, with so many
  // bytes at the most; or, for 0, as usual.
  void plan(Call call, int64_t outcome) { plans_[static_cast<size_t>(call)].push_back(outcome); }
  int64_t take_plan(Call call);
  void forget_plans();
  void limit_descriptors(size_t most) { most_descriptors_ = most; }
  void reuse_numbers(bool on) { reuses_numbers_ = on; }
  // A file of so many bytes, which are file_byte()s; it may shrink, or grow, while it is open.
  net::Descriptor open_file(uint64_t size);
  void resize_file(net::Descriptor file, uint64_t size);
  static char file_byte(uint64_t at) { return static_cast<char>('A' + at % 23); }
  void advance(uint64_t ms) { now_ms_ += ms; }
  void set_wall_clock(int64_t seconds) { wall_clock_offset_ = seconds; }

  // A queue of kqueue(2), of which there is one, with a number that no other descriptor has.
  static constexpr net::Descriptor kQueue = 1 << 20;
  void set_queue(KernelQueue* queue) { queue_ = queue; }
  KernelQueue* queue() const { return queue_; }

  // For the poller. News is what an edge is: something happened since it was last taken.
  Readiness readiness(net::Descriptor descriptor) const;
  // Which ends of a connection were said, and what broke it.
  struct End {
    bool received = false;
    bool said = false;
    int error = 0;
  };
  End end_of(net::Descriptor descriptor) const;
  bool has_news(net::Descriptor descriptor) const { return entry(descriptor).news; }
  void set_news(net::Descriptor descriptor, bool on) { entry(descriptor).news = on; }
  void set_watched(net::Descriptor descriptor, bool on);

  // For the invariants.
  size_t open_descriptors() const;  // but for files
  size_t open_files() const;
  bool is_open(net::Descriptor descriptor) const;
  size_t client_of(net::Descriptor descriptor) const;
  bool is_raised(net::Descriptor descriptor) const { return entry(descriptor).raised; }
  uint64_t now_ms() const { return now_ms_; }

  // What net::system does.
  net::Descriptor open_listener();
  net::Descriptor open_wakeup();
  void raise(net::Descriptor descriptor, bool on);
  int64_t accept(net::Descriptor listener, net::Address* peer);
  int64_t receive(net::Descriptor descriptor, char* into, size_t size);
  int64_t send(net::Descriptor descriptor, const net::Slice* slices, size_t count);
  int64_t send_file(net::Descriptor descriptor, net::Descriptor file, uint64_t offset, uint64_t length);
  int64_t read_at(net::Descriptor file, uint64_t offset, char* into, size_t size) const;
  int shutdown_sending(net::Descriptor descriptor);
  bool peer_has_finished(net::Descriptor descriptor) { return connected(descriptor, "peer_has_finished").finished; }
  void reset_on_close(net::Descriptor descriptor);
  void close(net::Descriptor descriptor);
  void close_file(net::Descriptor file);
  int64_t wall_clock_seconds() const { return static_cast<int64_t>(now_ms_ / 1000) + wall_clock_offset_; }

 private:
  enum class Kind : uint8_t { closed, listener, wakeup, connection, file };
  struct Entry {
    Kind kind = Kind::closed;
    bool news = false;
    bool watched = false;
    bool raised = false;
    size_t client = 0;
    uint64_t size = 0;  // of a file
  };

  net::Descriptor open(Kind kind, size_t client);
  const Entry& entry(net::Descriptor descriptor) const;
  Entry& entry(net::Descriptor descriptor);
  Client& connected(net::Descriptor descriptor, const char* call);
  void tell(const Client& client);
  void tell(net::Descriptor descriptor);
  void tell_acknowledged(const Client& client);
  void break_connection(Client& client, int error);

  Witness& witness_;
  KernelQueue* queue_ = nullptr;
  std::deque<Client> clients_;  // they stay where they are
  std::deque<size_t> backlog_;
  std::vector<Entry> entries_;
  std::deque<int64_t> plans_[kCalls];
  size_t most_descriptors_ = SIZE_MAX;
  bool reuses_numbers_ = true;
  uint64_t now_ms_ = 1'000'000;
  int64_t wall_clock_offset_ = 1'700'000'000;
};

}  // namespace brink::fuzz
