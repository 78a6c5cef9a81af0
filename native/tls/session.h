// The seam of TLS: what one connection says in TLS, as a machine between two byte strings, without a socket. OpenSSL is
// behind it (context.h), or in the fuzzer a toy of the same manners.
//
// It has no memory of its own for what passes through it. Everything that arrives is given to open(), and after it no
// plaintext is left inside. What TLS says of its own accord, of handshakes, alerts and keys, is output like any other,
// so nothing has to be written in order to read.
//
// A connection keeps its session while it idles, so it is one small piece of memory, and what sessions use one at a
// time is the reactor's (Wire).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/byte_buffer.h"
#include "net/pending_output.h"

namespace brink::tls {

// The most that is received at a time: what it holds of plaintext, with a record that had not come whole before, fits
// where 64 KiB are received without TLS.
inline constexpr size_t kMostReceived = (64 - 17) * 1024;

// What a handshake has agreed on.
struct Facts {
  std::string version;      // such as TLSv1.3
  std::string cipher;       // by OpenSSL's name
  std::string server_name;  // that the client has asked for, or nothing
  bool is_resumed = false;
  bool is_authorized = false;      // the client has a certificate that was asked for, and it is trusted
  std::string why_not_authorized;  // why a certificate is not trusted
  std::string certificate;         // the client's, DER, or nothing
};

class Session;

// What the sessions of one reactor have in common. It outlives them.
class Wire {
 public:
  virtual ~Wire() = default;
  // Why the session that broke last did, in a few words that stay where they are.
  const char* reason = "";
};

// Certificates, keys and rules, by the names that clients ask for. It never changes: another one takes its place, and
// connections keep the one that they have begun with. Shared by all threads.
class Contexts {
 public:
  virtual ~Contexts() = default;
  virtual std::unique_ptr<Wire> make_wire() const = 0;
  // Whether clients of any name are asked for certificates, so that one name is not as good as another.
  virtual bool asks_for_certificates() const = 0;
  // The wire is one that any contexts of the same library have made.
  virtual std::unique_ptr<Session> make_session(const std::shared_ptr<const Contexts>& self, Wire& wire) const = 0;
};

class Session : public net::Sealer {
 public:
  ~Session() override = default;

  // With the first byte that arrives: before it, nothing is needed of the library. False when there is no memory.
  bool begin() {
    if (!begin_handshake()) return false;
    state_ = State::handshake;
    return true;
  }
  bool has_begun() const { return state_ != State::waiting; }
  bool is_open() const { return state_ == State::open || state_ == State::ended; }
  // From then on nothing is opened or sealed.
  bool is_broken() const { return state_ == State::broken; }
  bool peer_has_ended() const { return state_ == State::ended; }

  // Takes all of what has arrived; the plaintext goes to `into`, which has room for what a client can have sent in so
  // many bytes and less than one record before them. Gives its size. What is to be sent because of it is output.
  size_t open(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) {
    bool was_open = is_open();
    size_t size = open_records(sealed, into, room, output);
    without_content_ = size > 0 ? 0 : without_content_ + static_cast<uint32_t>(sealed.size);
    bool is_flood = without_content_ > (was_open ? kMostWithoutContent : kMostOfHandshake);
    if (is_flood && !is_broken()) fail("too many records without content");
    // A handshake is no part of what follows.
    if (!was_open && is_open()) without_content_ = 0;
    return size;
  }

  // Once the handshake is over.
  virtual Facts facts() const = 0;
  // Whether its client, by the name that it has asked for, may ask for something of this host.
  virtual bool serves(std::string_view host) const = 0;
  // Whether not every host is served.
  bool judges_hosts() const { return judges_hosts_; }

  // Whether an end can be said that was not said yet.
  bool may_say_end() const { return is_open() && !has_said_end_; }
  // Says that nothing follows (close_notify).
  void say_end(net::ByteBuffer& output) {
    has_said_end_ = true;
    put_end(output);
  }
  // What was sent must not look whole.
  void say_no_end() { has_said_end_ = true; }

 protected:
  enum class State : uint8_t {
    waiting,  // nothing has arrived
    handshake,
    open,
    ended,  // the client has said that it will send no more
    broken,
  };

  Session(std::shared_ptr<const Contexts> contexts, Wire& wire)
      : contexts_(std::move(contexts)), wire_(wire), judges_hosts_(contexts_->asks_for_certificates()) {}

  virtual bool begin_handshake() = 0;
  virtual size_t open_records(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) = 0;
  virtual void put_end(net::ByteBuffer& output) = 0;

  void fail(const char* reason) {
    state_ = State::broken;
    wire_.reason = reason;
  }

  std::shared_ptr<const Contexts> contexts_;
  Wire& wire_;

 private:
  // OpenSSL itself sets no limit, and each costs nearly as much as a request. A record is at most 18 KiB long.
  static constexpr uint32_t kMostWithoutContent = 24 * 1024;
  // With the longest chain of certificates that OpenSSL takes of a client.
  static constexpr uint32_t kMostOfHandshake = 160 * 1024;

  uint32_t without_content_ = 0;  // so many sealed bytes in a row

 protected:
  State state_ = State::waiting;

 private:
  bool has_said_end_ = false;
  bool judges_hosts_;
};

}  // namespace brink::tls
