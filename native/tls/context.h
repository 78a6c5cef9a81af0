// The contexts of OpenSSL: made whole from options, or refused with a sentence that says why.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tls/openssl.h"
#include "tls/session.h"

namespace brink::tls {

// A private key, or a PKCS #12 archive. Without a passphrase, one that is encrypted is refused; nobody is ever asked.
struct Secret {
  std::string bytes;
  std::string passphrase;
  bool has_passphrase = false;
};

struct ContextOptions {
  // Of the clients that it is for: a host name, `*.` and the rest of one, or nothing for all others.
  std::string name;
  std::vector<Secret> keys;        // PEM
  std::vector<std::string> certs;  // PEM, each with its chain behind it; of several types at a time
  std::vector<Secret> archives;
  std::vector<std::string> authorities;  // PEM: who may sign certificates of clients
  std::vector<std::string> revocations;  // PEM
  bool asks_for_certificate = false;
  bool takes_any_certificate = false;  // also one that is not trusted, and none
  // Of another context, sessions are not resumed: what the clients of this one have shown is part of it. At most 32
  // bytes.
  std::string session_scope;
  // In OpenSSL's own words; nothing for its default.
  std::string least_version, greatest_version;
  std::string ciphers, cipher_suites, groups, signature_algorithms;
  uint32_t session_timeout_s = 300;
  std::vector<std::string> ticket_keys;  // the newest first, of kTicketKeyBytes each; none for one that nobody knows
};

// A name, 16 bytes, and keys for HMAC-SHA-256 and AES-256, 32 bytes each.
inline constexpr size_t kTicketKeyBytes = 80;

// The first is for those whose name is not among the others. Null, and why.
std::shared_ptr<const Contexts> make_contexts(const OpenSsl& openssl, const std::vector<ContextOptions>& options,
                                              std::string* why_not);

}  // namespace brink::tls
