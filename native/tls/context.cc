#include "tls/context.h"

#include <utility>

#include "tls/session_openssl.h"

namespace brink::tls {
namespace {

// The numbers of ssl.h, the same in 3.0 to 4.
constexpr int kCtrlChainCertificate = 89;  // SSL_CTRL_CHAIN_CERT
constexpr int kCtrlMode = 33;
constexpr int kCtrlSessionCacheMode = 44;
constexpr int kCtrlTicketKeys = 59;
constexpr long kModePartialWrite = 0x1, kModeMovingWriteBuffer = 0x2, kModeReleaseBuffers = 0x10;
constexpr uint64_t kNoRenegotiation = uint64_t{1} << 30, kNoCompression = uint64_t{1} << 17;
constexpr uint64_t kServerPreference = uint64_t{1} << 22;
constexpr int kVerifyNone = 0, kVerifyPeer = 1, kVerifyFailsWithout = 2;
constexpr unsigned int kConfFile = 0x2, kConfServer = 0x8, kConfShowErrors = 0x10;
constexpr unsigned long kCheckRevocations = 0x4 | 0x8;  // of the whole chain
constexpr int kPemLibrary = 9, kPemNoStartLine = 108;
constexpr size_t kMostPem = 1 << 30;  // lengths of OpenSSL are int

template <typename Type>
using Owned = std::unique_ptr<Type, void (*)(Type*)>;
using OwnedBio = std::unique_ptr<BIO, int (*)(BIO*)>;

// What a passphrase is asked of. Without this function OpenSSL would ask whoever sits at the terminal.
struct Asked {
  const Secret& secret;
  bool is_unanswered = false;
};

int give_passphrase(char* into, int size, int, void* argument) {
  auto& asked = *static_cast<Asked*>(argument);
  const std::string& passphrase = asked.secret.passphrase;
  if (!asked.secret.has_passphrase || passphrase.size() > static_cast<size_t>(size)) {
    asked.is_unanswered = true;
    return -1;
  }
  passphrase.copy(into, passphrase.size());
  return static_cast<int>(passphrase.size());
}

int give_no_passphrase(char*, int, int, void*) { return -1; }
int trust_anybody(int, X509_STORE_CTX*) { return 1; }

// One context, while it is made.
class Making {
 public:
  Making(const OpenSsl& openssl, const ContextOptions& options, SSL_CTX* context)
      : openssl_(openssl), options_(options), context_(context) {}

  bool make() {
    set_rules();
    return configure() && read_archives() && read_keys() && read_certificates() && read_authorities() &&
           read_revocations() && set_ticket_keys() && is_complete();
  }
  const std::string& why_not() const { return why_not_; }

 private:
  bool fail(const char* option, const std::string& why) {
    const std::string& name = options_.name;
    why_not_ = (name.empty() ? "tls." : "tls.contexts['" + name + "'].") + option + " " + why;
    openssl_.ERR_clear_error();
    return false;
  }
  bool fail_with_reason(const char* option, const std::string& why) {
    std::string error = openssl_.take_error();
    return fail(option, why + ": " + error);
  }

  void set_rules() {
    openssl_.SSL_CTX_set_options(context_, kNoRenegotiation | kNoCompression | kServerPreference);
    openssl_.SSL_CTX_ctrl(context_, kCtrlMode, kModePartialWrite | kModeMovingWriteBuffer | kModeReleaseBuffers,
                          nullptr);
    // Sessions are the clients' to keep, in tickets.
    openssl_.SSL_CTX_ctrl(context_, kCtrlSessionCacheMode, 0, nullptr);
    openssl_.SSL_CTX_set_num_tickets(context_, 1);
    openssl_.SSL_CTX_set_timeout(context_, static_cast<long>(options_.session_timeout_s));
    const std::string& scope = options_.session_scope;
    openssl_.SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>(scope.data()),
                                            static_cast<unsigned int>(scope.size()));
    if (!options_.asks_for_certificate) {
      openssl_.SSL_CTX_set_verify(context_, kVerifyNone, nullptr);
    } else if (options_.takes_any_certificate) {
      openssl_.SSL_CTX_set_verify(context_, kVerifyPeer, trust_anybody);
    } else {
      openssl_.SSL_CTX_set_verify(context_, kVerifyPeer | kVerifyFailsWithout, nullptr);
    }
  }

  bool configure() {
    Owned<SSL_CONF_CTX> conf(openssl_.SSL_CONF_CTX_new(), openssl_.SSL_CONF_CTX_free);
    if (!conf) return fail("key", "cannot be used, because there is no memory");
    openssl_.SSL_CONF_CTX_set_flags(conf.get(), kConfFile | kConfServer | kConfShowErrors);
    openssl_.SSL_CONF_CTX_set_ssl_ctx(conf.get(), context_);
    struct Command {
      const char* option;
      const char* command;
      const std::string& value;
    };
    const Command commands[] = {
        {"minVersion", "MinProtocol", options_.least_version},
        {"maxVersion", "MaxProtocol", options_.greatest_version},
        {"ciphers", "CipherString", options_.ciphers},
        {"ciphers", "Ciphersuites", options_.cipher_suites},
        {"ecdhCurve", "Groups", options_.groups},
        {"sigalgs", "SignatureAlgorithms", options_.signature_algorithms},
    };
    for (const Command& each : commands) {
      if (each.value.empty()) continue;
      openssl_.ERR_clear_error();
      if (openssl_.SSL_CONF_cmd(conf.get(), each.command, each.value.c_str()) <= 0) {
        return fail_with_reason(each.option, "is refused by OpenSSL");
      }
    }
    openssl_.SSL_CONF_CTX_finish(conf.get());
    return true;
  }

  OwnedBio bio_of(const std::string& bytes) const {
    return OwnedBio(openssl_.BIO_new_mem_buf(bytes.data(), static_cast<int>(std::min(bytes.size(), kMostPem))),
                    openssl_.BIO_free);
  }

  bool read_archives() {
    for (const Secret& archive : options_.archives) {
      openssl_.ERR_clear_error();
      OwnedBio bio = bio_of(archive.bytes);
      Owned<PKCS12> pkcs12(openssl_.d2i_PKCS12_bio(bio.get(), nullptr), openssl_.PKCS12_free);
      if (!pkcs12) return fail_with_reason("pfx", "is no PKCS #12 archive");
      EVP_PKEY* key = nullptr;
      X509* certificate = nullptr;
      OPENSSL_STACK* others = nullptr;
      const char* passphrase = archive.has_passphrase ? archive.passphrase.c_str() : nullptr;
      bool is_read = openssl_.PKCS12_parse(pkcs12.get(), passphrase, &key, &certificate, &others) == 1;
      Owned<X509> first(certificate, openssl_.X509_free);
      if (key) keys_.emplace_back(key, openssl_.EVP_PKEY_free);
      bool is_taken = is_read && key && first;
      if (!is_read) fail_with_reason("pfx", "cannot be read");
      if (is_read && !is_taken) fail("pfx", "must have a certificate and its key");
      if (is_taken) is_taken = use_with_chain(first.get(), others, "pfx");
      if (others) {
        // The function of this type frees certificates.
        openssl_.OPENSSL_sk_pop_free(others, reinterpret_cast<void (*)(void*)>(openssl_.X509_free));
      }
      if (!is_taken) return false;
    }
    return true;
  }

  bool use_with_chain(X509* first, const OPENSSL_STACK* others, const char* option) {
    if (!use(first, option)) return false;
    int count = others ? openssl_.OPENSSL_sk_num(others) : 0;
    for (int i = 0; i < count; i++) {
      if (!add_to_chain(static_cast<X509*>(openssl_.OPENSSL_sk_value(others, i)), option)) return false;
    }
    return true;
  }

  bool read_keys() {
    for (const Secret& secret : options_.keys) {
      openssl_.ERR_clear_error();
      OwnedBio bio = bio_of(secret.bytes);
      Asked asked = {secret};
      EVP_PKEY* key = openssl_.PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &asked);
      if (!key && asked.is_unanswered) {
        return fail("key", secret.has_passphrase ? "has a passphrase that is too long"
                                                 : "is encrypted: give its passphrase as tls.passphrase");
      }
      if (!key) return fail_with_reason("key", "is no private key in PEM form");
      keys_.emplace_back(key, openssl_.EVP_PKEY_free);
    }
    return true;
  }

  // Calls `take` with each certificate of the text, which may have none.
  template <typename Take>
  bool each_certificate(const std::string& pem, const char* option, Take take) {
    OwnedBio bio = bio_of(pem);
    for (bool is_first = true;; is_first = false) {
      openssl_.ERR_clear_error();
      Owned<X509> certificate(is_first ? openssl_.PEM_read_bio_X509_AUX(bio.get(), nullptr, give_no_passphrase, nullptr)
                                       : openssl_.PEM_read_bio_X509(bio.get(), nullptr, give_no_passphrase, nullptr),
                              openssl_.X509_free);
      if (!certificate)
        return !is_first && is_end_of_pem() ? true : fail_with_reason(option, "is no certificate in PEM form");
      if (!take(certificate.get(), is_first)) return false;
    }
  }

  bool is_end_of_pem() const {
    unsigned long error = openssl_.ERR_peek_last_error();
    bool is_end = static_cast<int>(error >> 23 & 0xff) == kPemLibrary && (error & 0x7fffff) == kPemNoStartLine;
    if (is_end) openssl_.ERR_clear_error();
    return is_end;
  }

  bool read_certificates() {
    for (const std::string& pem : options_.certs) {
      bool is_read = each_certificate(pem, "cert", [this](X509* certificate, bool is_first) {
        return is_first ? use(certificate, "cert") : add_to_chain(certificate, "cert");
      });
      if (!is_read) return false;
    }
    return true;
  }

  // With its key, which is one of those that were given.
  bool use(X509* certificate, const char* option) {
    EVP_PKEY* own = nullptr;
    for (const auto& key : keys_) {
      openssl_.ERR_clear_error();
      if (!own && openssl_.X509_check_private_key(certificate, key.get()) == 1) own = key.get();
    }
    openssl_.ERR_clear_error();
    if (!own) return fail(option, "has a certificate that is of none of the keys");
    if (openssl_.SSL_CTX_use_certificate(context_, certificate) != 1) {
      return fail_with_reason(option, "has a certificate that OpenSSL refuses");
    }
    if (openssl_.SSL_CTX_use_PrivateKey(context_, own) != 1) {
      return fail_with_reason("key", "is refused by OpenSSL");
    }
    used_++;
    return true;
  }

  // To that of the certificate which was used last.
  bool add_to_chain(X509* certificate, const char* option) {
    constexpr long kCounted = 1;  // the caller keeps its own
    bool is_added = openssl_.SSL_CTX_ctrl(context_, kCtrlChainCertificate, kCounted, certificate) == 1;
    return is_added || fail_with_reason(option, "has a chain that OpenSSL refuses");
  }

  bool read_authorities() {
    X509_STORE* store = openssl_.SSL_CTX_get_cert_store(context_);
    for (const std::string& pem : options_.authorities) {
      bool is_read = each_certificate(pem, "ca", [this, store](X509* certificate, bool) {
        bool is_added = openssl_.X509_STORE_add_cert(store, certificate) == 1;
        if (is_added && options_.asks_for_certificate) openssl_.SSL_CTX_add_client_CA(context_, certificate);
        return is_added || fail_with_reason("ca", "has a certificate that OpenSSL refuses");
      });
      if (!is_read) return false;
    }
    return true;
  }

  bool read_revocations() {
    X509_STORE* store = openssl_.SSL_CTX_get_cert_store(context_);
    for (const std::string& pem : options_.revocations) {
      openssl_.ERR_clear_error();
      OwnedBio bio = bio_of(pem);
      Owned<X509_CRL> list(openssl_.PEM_read_bio_X509_CRL(bio.get(), nullptr, give_no_passphrase, nullptr),
                           openssl_.X509_CRL_free);
      if (!list) return fail_with_reason("crl", "is no revocation list in PEM form");
      if (openssl_.X509_STORE_add_crl(store, list.get()) != 1) {
        return fail_with_reason("crl", "is refused by OpenSSL");
      }
    }
    if (!options_.revocations.empty()) openssl_.X509_STORE_set_flags(store, kCheckRevocations);
    return true;
  }

  bool set_ticket_keys() {
    const auto& keys = options_.ticket_keys;
    for (const std::string& key : keys) {
      if (key.size() != kTicketKeyBytes) return fail("ticketKeys", "must have 48 bytes each");
    }
    // Of several the newest encrypts, which is the affair of OpenSslContexts.
    if (keys.size() == 1) {
      void* bytes = const_cast<char*>(keys[0].data());
      openssl_.SSL_CTX_ctrl(context_, kCtrlTicketKeys, static_cast<long>(kTicketKeyBytes), bytes);
    }
    return true;
  }

  bool is_complete() {
    openssl_.ERR_clear_error();
    return used_ > 0 || fail("cert", "and key are needed, or pfx");
  }

  const OpenSsl& openssl_;
  const ContextOptions& options_;
  SSL_CTX* context_;
  std::vector<Owned<EVP_PKEY>> keys_;
  size_t used_ = 0;
  std::string why_not_;
};

}  // namespace

[[gnu::cold]] std::shared_ptr<const Contexts> make_contexts(const OpenSsl& openssl,
                                                            const std::vector<ContextOptions>& options,
                                                            std::string* why_not) {
  auto contexts = std::make_shared<OpenSslContexts>(openssl);
  for (const ContextOptions& each : options) {
    openssl.ERR_clear_error();
    SSL_CTX* context = openssl.SSL_CTX_new(openssl.TLS_server_method());
    if (!context) {
      *why_not = "OpenSSL makes no context: " + openssl.take_error();
      return nullptr;
    }
    contexts->add(each, context);
    Making making(openssl, each, context);
    if (!making.make()) {
      *why_not = making.why_not();
      return nullptr;
    }
  }
  // Tickets are encrypted by the first, before anybody's name is looked at.
  if (!options.empty() && options[0].ticket_keys.size() > 1) contexts->rotate(options[0].ticket_keys);
  return contexts;
}

}  // namespace brink::tls
