// The seam of TLS: one connection as a machine between two byte strings, without a socket. OpenSSL is behind it
// (context.h), or in the fuzzer a toy of the same manners.
//
// It has no memory of its own for what passes through it. Everything that arrives is given to open(), and after it no
// plaintext is left inside. What TLS says of its own accord, of handshakes, alerts and keys, is output like any other,
// so nothing has to be written in order to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/byte_buffer.h"
#include "net/pending_output.h"

namespace brink::tls {

// What a handshake has agreed on.
struct Facts {
  std::string version;      // such as TLSv1.3
  std::string cipher;       // by OpenSSL's name
  std::string server_name;  // that the client has asked for, or nothing
  bool is_resumed = false;
  bool is_authorized = false;      // the client has a certificate that was asked for, and it is trusted
  std::string why_not_authorized;  // why a certificate is not trusted
  std::string certificate;         // the client's, DER, or nothing
  std::string protocol;            // that was chosen by ALPN, or nothing
};

class Engine : public net::Sealer {
 public:
  enum class State : uint8_t {
    handshake,
    open,
    ended,   // the client has said that it will send no more
    broken,  // no call is allowed but those that ask
  };

  ~Engine() override = default;

  // Takes all of what has arrived; the plaintext goes to `into`, which has room for what a client can have sent in so
  // many bytes and less than one record before them. Gives its size.
  virtual size_t open(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) = 0;
  // Says that nothing follows (close_notify).
  virtual void say_end(net::ByteBuffer& output) = 0;
  // Once the handshake is over.
  virtual Facts facts() const = 0;
  // Whether its client, by the name that it has asked for, may ask for something of this host.
  virtual bool serves(std::string_view host) const = 0;

  State state() const { return state_; }
  // Why it is broken, in a few words that stay where they are.
  const char* reason() const { return reason_; }

 protected:
  State state_ = State::handshake;
  const char* reason_ = "";
};

// What the engines of one reactor have in common. It outlives them.
class Wire {
 public:
  virtual ~Wire() = default;
};

// Certificates, keys and rules, by the names that clients ask for. It never changes: another one takes its place, and
// connections keep the one that they have begun with. Shared by all threads.
class Contexts {
 public:
  virtual ~Contexts() = default;
  virtual std::unique_ptr<Wire> make_wire() const = 0;
  // Whether clients of any name are asked for certificates, so that one name is not as good as another.
  virtual bool asks_for_certificates() const = 0;
  // Null when there is no memory. The wire is one that any contexts of the same library have made.
  virtual std::unique_ptr<Engine> begin(const std::shared_ptr<const Contexts>& self, Wire& wire) const = 0;
};

}  // namespace brink::tls
