#include "fuzz/fake_kernel.h"

#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "fuzz/check.h"

namespace brink::fuzz {
namespace {

FakeKernel* the_kernel = nullptr;
// 0 to 2 are always taken; and a first number that is not 0 shows who mistakes a descriptor for a flag.
constexpr net::Descriptor kFirstDescriptor = 3;

size_t place_of(net::Descriptor descriptor) { return static_cast<size_t>(descriptor - kFirstDescriptor); }

}  // namespace

FakeKernel::FakeKernel(Witness& witness) : witness_(witness) { the_kernel = this; }
FakeKernel::~FakeKernel() { the_kernel = nullptr; }
FakeKernel& FakeKernel::current() { return *the_kernel; }

size_t FakeKernel::connect(bool speaks_tls) {
  clients_.emplace_back();
  if (speaks_tls) clients_.back().tls = std::make_unique<ToyClient>();
  backlog_.push_back(clients_.size() - 1);
  for (size_t place = 0; place < entries_.size(); place++) {
    if (entries_[place].kind == Kind::listener) tell(kFirstDescriptor + static_cast<net::Descriptor>(place));
  }
  return clients_.size() - 1;
}

void FakeKernel::send(size_t client, const std::string& bytes) {
  Client& from = clients_[client];
  if (from.finished || from.broken || bytes.empty()) return;
  from.sent_at.emplace_back(from.sent.size(), now_ms_);
  from.sent += bytes;
  tell(from);
}

// Behind what it has sent.
void FakeKernel::send_record(size_t client, toy::Kind kind) {
  Client& from = clients_[client];
  if (!from.tls || from.finished || from.broken) return;
  while (from.received < from.sent.size()) {
    from.received += from.tls->seal_next(from.sent.data() + from.received, from.sent.size() - from.received);
  }
  from.tls->send(kind);
  tell(from);
}

void FakeKernel::finish(size_t client) {
  Client& from = clients_[client];
  if (!from.finished) from.finished_ms = now_ms_;
  from.finished = true;
  tell(clients_[client]);
}

void FakeKernel::reset(size_t client, int error) { break_connection(clients_[client], error); }

// What the server has not read stays readable; then it is told once.
void FakeKernel::break_connection(Client& client, int error) {
  if (client.broken) return;
  client.broken = error;
  tell(client);
}

void FakeKernel::make_room(size_t client, size_t bytes) {
  Client& takes = clients_[client];
  takes.room += bytes;
  // As Linux does, which wakes nobody who has not been refused before.
  if (bytes > 0 && takes.server_waits) tell(takes);
  tell_acknowledged(takes);
}

void FakeKernel::take_all(size_t client, bool on) {
  Client& takes = clients_[client];
  takes.takes_all = on;
  if (on && takes.server_waits) tell(takes);
  tell_acknowledged(takes);
}

void FakeKernel::tell(const Client& client) {
  if (client.descriptor != net::kNoDescriptor) tell(client.descriptor);
}

void FakeKernel::tell(net::Descriptor descriptor) {
  entry(descriptor).news = true;
  if (!queue_) return;
  queue_->on_readable(descriptor);
  queue_->on_writable(descriptor);
}

// Whoever has taken something says so, which for a kqueue is an edge.
void FakeKernel::tell_acknowledged(const Client& client) {
  if (queue_ && client.descriptor != net::kNoDescriptor) queue_->on_writable(client.descriptor);
}

int64_t FakeKernel::take_plan(Call call) {
  auto& plans = plans_[static_cast<size_t>(call)];
  if (plans.empty()) return 0;
  int64_t outcome = plans.front();
  plans.pop_front();
  return outcome;
}

void FakeKernel::forget_plans() {
  for (auto& plans : plans_) plans.clear();
  most_descriptors_ = SIZE_MAX;
}

Readiness FakeKernel::readiness(net::Descriptor descriptor) const {
  const Entry& of = entry(descriptor);
  Readiness ready;
  if (of.kind == Kind::listener) ready.readable = !backlog_.empty();
  if (of.kind == Kind::wakeup) ready.readable = of.raised;
  if (of.kind != Kind::connection) return ready;
  const Client& client = clients_[of.client];
  ready.readable = client.has_news_to_read();
  ready.writable = client.broken != 0 || client.free_room() > 0;
  ready.hung_up = client.finished || client.broken != 0;
  // As Linux does when both ends were said, whatever there is still to read.
  ready.broken = client.broken != 0 || (client.finished && client.end_said);
  return ready;
}

FakeKernel::End FakeKernel::end_of(net::Descriptor descriptor) const {
  const Entry& of = entry(descriptor);
  if (of.kind != Kind::connection) return {};
  const Client& client = clients_[of.client];
  return {client.finished, client.end_said, client.broken};
}

void FakeKernel::set_watched(net::Descriptor descriptor, bool on) {
  BRINK_HOLDS(is_open(descriptor), "the poller was given descriptor %d, which is not open",
              static_cast<int>(descriptor));
  entry(descriptor).watched = on;
}

size_t FakeKernel::open_descriptors() const {
  auto is_open = [](const Entry& entry) { return entry.kind != Kind::closed && entry.kind != Kind::file; };
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), is_open));
}

size_t FakeKernel::open_files() const {
  auto is_file = [](const Entry& entry) { return entry.kind == Kind::file; };
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), is_file));
}

bool FakeKernel::is_open(net::Descriptor descriptor) const {
  return descriptor >= kFirstDescriptor && place_of(descriptor) < entries_.size() &&
         entries_[place_of(descriptor)].kind != Kind::closed;
}

size_t FakeKernel::client_of(net::Descriptor descriptor) const { return entry(descriptor).client; }

const FakeKernel::Entry& FakeKernel::entry(net::Descriptor descriptor) const {
  BRINK_HOLDS(is_open(descriptor), "descriptor %d is used, and not open", static_cast<int>(descriptor));
  return entries_[place_of(descriptor)];
}

FakeKernel::Entry& FakeKernel::entry(net::Descriptor descriptor) {
  return const_cast<Entry&>(static_cast<const FakeKernel*>(this)->entry(descriptor));
}

Client& FakeKernel::connected(net::Descriptor descriptor, const char* call) {
  const Entry& of = entry(descriptor);
  BRINK_HOLDS(of.kind == Kind::connection, "%s on descriptor %d, which is no connection", call,
              static_cast<int>(descriptor));
  return clients_[of.client];
}

// The lowest free number, as POSIX says; or, to tell apart who names the one before, never the same number again.
net::Descriptor FakeKernel::open(Kind kind, size_t client) {
  size_t place = entries_.size();
  for (size_t i = 0; reuses_numbers_ && i < entries_.size() && place == entries_.size(); i++) {
    if (entries_[i].kind == Kind::closed) place = i;
  }
  if (place == entries_.size()) entries_.emplace_back();
  entries_[place] = Entry{kind, false, false, false, client, 0};
  return kFirstDescriptor + static_cast<net::Descriptor>(place);
}

net::Descriptor FakeKernel::open_listener() { return open(Kind::listener, 0); }
net::Descriptor FakeKernel::open_wakeup() { return open(Kind::wakeup, 0); }

void FakeKernel::raise(net::Descriptor descriptor, bool on) {
  Entry& wakeup = entry(descriptor);
  wakeup.raised = on;
  if (on) tell(descriptor);
}

int64_t FakeKernel::accept(net::Descriptor listener, net::Address* peer) {
  Entry& of = entry(listener);
  BRINK_HOLDS(of.kind == Kind::listener, "accept on descriptor %d, which is no listener", static_cast<int>(listener));
  int64_t outcome = take_plan(Call::accept);
  // As Linux does, which looks for a descriptor before it looks for a client.
  if (outcome == 0 && open_descriptors() >= most_descriptors_) outcome = -EMFILE;
  if (backlog_.empty()) return outcome < 0 && outcome != -ECONNABORTED ? outcome : -EAGAIN;
  // Whoever is waiting came after this call.
  if (outcome == -EAGAIN) tell(listener);
  if (outcome == -ECONNABORTED) backlog_.pop_front();
  if (outcome < 0) return outcome;
  size_t index = backlog_.front();
  backlog_.pop_front();
  Client& client = clients_[index];
  client.accepted = true;
  client.descriptor = open(Kind::connection, index);
  // Its port tells who it is.
  *peer = net::Address{};
  peer->port = static_cast<uint16_t>(index);
  peer->is_ipv4 = index % 2 == 0;
  return client.descriptor;
}

int64_t FakeKernel::receive(net::Descriptor descriptor, char* into, size_t size) {
  Client& client = connected(descriptor, "receive");
  BRINK_HOLDS(size > 0 && !__asan_region_is_poisoned(into, size), "receive is given %zu bytes that are not all there",
              size);
  int64_t outcome = take_plan(Call::receive);
  if (outcome == -EINTR) return outcome;
  if (outcome == -EAGAIN && client.has_news_to_read()) {
    // What is there arrived after this call.
    tell(client);
    return outcome;
  }
  if (outcome < 0 && outcome != -EAGAIN) break_connection(client, static_cast<int>(-outcome));
  if (client.unread() == 0 || outcome < 0) {
    if (client.broken && !client.told_broken) {
      client.told_broken = true;
      return -client.broken;
    }
    return client.broken || client.finished ? 0 : -EAGAIN;
  }
  if (client.tls) {
    while (client.tls->to_server().size() < size && client.received < client.sent.size()) {
      client.received +=
          client.tls->seal_next(client.sent.data() + client.received, client.sent.size() - client.received);
    }
  }
  size_t got = std::min(size, client.unread());
  if (outcome > 0 && static_cast<size_t>(outcome) < got) {
    // The rest arrived after this call.
    got = static_cast<size_t>(outcome);
    tell(client);
  }
  if (client.tls) {
    std::string& sealed = client.tls->to_server();
    std::memcpy(into, sealed.data(), got);
    sealed.erase(0, got);
    return static_cast<int64_t>(got);
  }
  std::memcpy(into, client.sent.data() + client.received, got);
  client.received += got;
  return static_cast<int64_t>(got);
}

int64_t FakeKernel::send(net::Descriptor descriptor, const net::Slice* slices, size_t count) {
  Client& client = connected(descriptor, "send");
  size_t index = client_of(descriptor);
  BRINK_HOLDS(!client.end_said, "client %zu is sent more after the end", index);
  size_t offered = 0;
  for (size_t i = 0; i < count; i++) offered += slices[i].size;
  BRINK_HOLDS(offered > 0, "nothing is sent");
  int64_t outcome = take_plan(Call::send);
  if (outcome == -EINTR) return outcome;
  if (outcome < 0 && outcome != -EAGAIN) break_connection(client, static_cast<int>(-outcome));
  if (client.broken) return -EPIPE;
  size_t room = client.free_room();
  size_t taken = std::min(offered, room);
  if (outcome == -EAGAIN) taken = 0;
  if (outcome > 0) taken = std::min(taken, static_cast<size_t>(outcome));
  if (!client.takes_all) client.room -= taken;
  if (taken < offered) {
    client.server_waits = true;
    // If there is room, it came after this call.
    if (taken < room) tell(client);
    if (taken == 0) return -EAGAIN;
  } else {
    client.server_waits = false;
  }
  for (size_t i = 0, left = taken; i < count && left > 0; i++) {
    size_t size = std::min(left, slices[i].size);
    if (client.tls) {
      auto on_data = [this, index](const std::string& plain) { witness_.on_sent(index, plain.data(), plain.size()); };
      client.tls->receive(index, slices[i].data, size, on_data);
    } else {
      witness_.on_sent(index, slices[i].data, size);
    }
    left -= size;
  }
  tell_acknowledged(client);
  return static_cast<int64_t>(taken);
}

net::Descriptor FakeKernel::open_file(uint64_t size) {
  net::Descriptor file = open(Kind::file, 0);
  entry(file).size = size;
  return file;
}

void FakeKernel::resize_file(net::Descriptor file, uint64_t size) { entry(file).size = size; }

int64_t FakeKernel::read_at(net::Descriptor file, uint64_t offset, char* into, size_t size) const {
  const Entry& of = entry(file);
  BRINK_HOLDS(of.kind == Kind::file, "descriptor %d is read, and no file", static_cast<int>(file));
  size_t got = offset < of.size ? static_cast<size_t>(std::min<uint64_t>(size, of.size - offset)) : 0;
  for (size_t i = 0; i < got; i++) into[i] = file_byte(offset + i);
  return static_cast<int64_t>(got);
}

int64_t FakeKernel::send_file(net::Descriptor descriptor, net::Descriptor file, uint64_t offset, uint64_t length) {
  BRINK_HOLDS(length > 0, "nothing of a file is sent");
  char piece[4096];
  int64_t got = read_at(file, offset, piece, static_cast<size_t>(std::min<uint64_t>(length, sizeof piece)));
  if (got == 0) return 0;
  net::Slice slice = {piece, static_cast<size_t>(got)};
  return send(descriptor, &slice, 1);
}

int FakeKernel::shutdown_sending(net::Descriptor descriptor) {
  Client& client = connected(descriptor, "shutdown");
  int64_t outcome = take_plan(Call::shutdown);
  if (outcome < 0) break_connection(client, static_cast<int>(-outcome));
  if (client.broken) return -ENOTCONN;
  client.end_said = true;
  if (client.finished) tell(client);
  tell_acknowledged(client);
  witness_.on_end_said(client_of(descriptor));
  return 0;
}

void FakeKernel::close_file(net::Descriptor file) {
  BRINK_HOLDS(entry(file).kind == Kind::file, "descriptor %d is closed as a file, and is none", static_cast<int>(file));
  entry(file) = Entry{};
}

// What was not sent is gone with it; the client is told nothing that could be looked at here.
void FakeKernel::reset_on_close(net::Descriptor descriptor) { connected(descriptor, "reset_on_close"); }

void FakeKernel::close(net::Descriptor descriptor) {
  if (descriptor == kQueue) return set_queue(nullptr);
  Entry& closing = entry(descriptor);
  BRINK_HOLDS(closing.kind != Kind::file, "the file %d is closed as a socket", static_cast<int>(descriptor));
  BRINK_HOLDS(!closing.watched, "descriptor %d is closed while the poller has it", static_cast<int>(descriptor));
  Entry was = std::exchange(closing, Entry{});
  if (queue_) queue_->on_closed(descriptor);
  if (was.kind != Kind::connection) return;
  clients_[was.client].descriptor = net::kNoDescriptor;
  clients_[was.client].closed = true;
  witness_.on_closed(was.client);
}

}  // namespace brink::fuzz

namespace brink::net::system {

using fuzz::FakeKernel;

bool parse_address(const char*, uint16_t, Address*) { return false; }

Opened open_unix_listener(const char*, size_t, const ListenOptions&) { return {kNoDescriptor, -ENOTSUP, "bind"}; }
Opened adopt_listener(Descriptor, const ListenOptions&) { return {kNoDescriptor, -ENOTSUP, "listen"}; }

Opened open_listener(const Address&, const ListenOptions&) {
  Opened opened;
  opened.descriptor = FakeKernel::current().open_listener();
  return opened;
}

int local_port(Descriptor) { return 80; }
Address local_address(Descriptor descriptor) {
  Address address;
  address.port = static_cast<uint16_t>(FakeKernel::current().client_of(descriptor) + 1);
  return address;
}

int64_t duplicate(Descriptor) { return -EMFILE; }

int64_t accept(Descriptor listener, Address* peer) { return FakeKernel::current().accept(listener, peer); }

int64_t receive(Descriptor descriptor, char* into, size_t size) {
  return FakeKernel::current().receive(descriptor, into, size);
}

int64_t send(Descriptor descriptor, const Slice* slices, size_t count, bool) {
  return FakeKernel::current().send(descriptor, slices, count);
}

void limit_unsent(Descriptor, bool) {}
int receive_buffer(Descriptor, int* bytes) {
  *bytes = 65536;
  return 0;
}
int set_receive_buffer(Descriptor, int) { return 0; }
void reset_receive_buffer(Descriptor, int) {}
bool peer_has_finished(Descriptor descriptor) { return FakeKernel::current().peer_has_finished(descriptor); }
void reset_on_close(Descriptor descriptor) { FakeKernel::current().reset_on_close(descriptor); }

int shutdown_sending(Descriptor descriptor) { return FakeKernel::current().shutdown_sending(descriptor); }
void close(Descriptor descriptor) { FakeKernel::current().close(descriptor); }

// There is no path in this system: files come from FakeKernel::open_file.
int open_folder(const char*, Descriptor*, FileFacts*) { return -ENOENT; }
int open_file(const char*, Descriptor*, FileFacts*) { return -ENOENT; }
int open_beneath(Descriptor, const char*, Descriptor*, FileFacts*) { return -ENOENT; }
void close_file(Descriptor file) { FakeKernel::current().close_file(file); }

int64_t read_at(Descriptor file, uint64_t offset, char* into, size_t size) {
  return FakeKernel::current().read_at(file, offset, into, size);
}

int64_t send_file(Descriptor socket, Descriptor file, uint64_t offset, uint64_t length) {
  return FakeKernel::current().send_file(socket, file, offset, length);
}

int open_wakeup(Descriptor descriptors[2]) {
  descriptors[0] = descriptors[1] = FakeKernel::current().open_wakeup();
  return 0;
}

void raise(Descriptor descriptor) { FakeKernel::current().raise(descriptor, true); }
void lower(Descriptor descriptor) { FakeKernel::current().raise(descriptor, false); }

uint64_t monotonic_us() { return FakeKernel::current().now_ms() * 1000; }
void* allocate_pages(size_t size) { return std::calloc(1, size); }
void free_pages(void* memory, size_t) { std::free(memory); }
int64_t wall_clock_seconds() { return FakeKernel::current().wall_clock_seconds(); }

}  // namespace brink::net::system
