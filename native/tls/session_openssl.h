// Contexts and sessions of OpenSSL. Used by context.cc alone, which makes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls/context.h"
#include "tls/openssl.h"
#include "tls/server_names.h"
#include "tls/session.h"

namespace brink::tls {

class OpenSslContexts final : public Contexts {
 public:
  explicit OpenSslContexts(const OpenSsl& openssl) : openssl_(openssl) {}
  OpenSslContexts(const OpenSslContexts&) = delete;
  OpenSslContexts& operator=(const OpenSslContexts&) = delete;
  ~OpenSslContexts() override;

  // Only while it is made. The context is its own from now on.
  void add(const ContextOptions& options, SSL_CTX* context);
  // The first key encrypts tickets, and all of them decrypt.
  void rotate(const std::vector<std::string>& ticket_keys);

  const OpenSsl& openssl() const { return openssl_; }
  // For a connection that begins; null when there is no memory.
  SSL* make_ssl() const { return openssl_.SSL_new(contexts_[0].context); }
  // False when OpenSSL refuses.
  bool choose(SSL* ssl, std::string_view server_name) const;
  // RFC 6066, 11.1: the host is the name, where there is one. Without one, any that asks for no more than has been.
  bool serves(std::string_view server_name, std::string_view host) const;
  int prepare_ticket(unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                     bool encrypts) const;

  std::unique_ptr<Wire> make_wire() const override;
  bool asks_for_certificates() const override { return asks_for_certificates_; }
  std::unique_ptr<Session> make_session(const std::shared_ptr<const Contexts>& self, Wire& wire) const override;

 private:
  struct Context {
    SSL_CTX* context;
    std::string groups;
    std::string session_scope;
    bool asks_for_certificate;
  };

  const OpenSsl& openssl_;
  std::vector<Context> contexts_;
  ServerNames names_;
  bool asks_for_certificates_ = false;
  std::vector<std::string> ticket_keys_;
  EVP_CIPHER* ticket_cipher_ = nullptr;
};

}  // namespace brink::tls
