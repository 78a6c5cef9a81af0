#include "tls/session_openssl.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace brink::tls {
namespace {

// The numbers of ssl.h, tls1.h and bio.h.
constexpr int kErrorSsl = 1, kErrorWantRead = 2, kErrorZeroReturn = 6;
constexpr int kBioSourceSink = 0x0400;
constexpr int kBioFlagRead = 0x1, kBioFlagRetry = 0x8, kBioFlagsOfRetry = 0xf;
constexpr int kBioCtrlPush = 6, kBioCtrlPop = 7, kBioCtrlFlush = 11;
constexpr unsigned int kExtensionServerName = 0;
constexpr int kClientHelloError = 0, kClientHelloSuccess = 1;
constexpr int kAlpnOk = 0, kAlpnFatal = 2;
constexpr int kAlertIllegalParameter = 47, kAlertInternalError = 80, kAlertUnrecognizedName = 112;
constexpr int kSetGroups = 92;  // by a list of names
constexpr int kSetLeastVersion = 123, kSetGreatestVersion = 124, kGetLeastVersion = 130, kGetGreatestVersion = 131;
constexpr long kVerified = 0;

class OpenSslSession;

// One object between OpenSSL and the buffers of a reactor, for all its sessions: none of them pays for one, and for
// each call it is lent to one (Turn). Writing never has to wait.
class OpenSslWire final : public Wire {
 public:
  static std::unique_ptr<OpenSslWire> make(const OpenSsl& openssl) {
    std::unique_ptr<OpenSslWire> wire(new OpenSslWire(openssl));
    return wire->bio_ ? std::move(wire) : nullptr;
  }
  ~OpenSslWire() override {
    if (bio_) openssl_.BIO_free(bio_);
    if (method_) openssl_.BIO_meth_free(method_);
  }

  // OpenSSL calls back without a place for what it was bound to: there is one in the process.
  static OpenSslWire* of(BIO* bio) {
    return static_cast<OpenSslWire*>(openssl_of_process().openssl->BIO_get_data(bio));
  }

  // For the time of a call that reads these bytes and writes to this output.
  class Turn {
   public:
    Turn(OpenSslWire& wire, OpenSslSession& session, net::Slice input, net::ByteBuffer& output) : wire_(wire) {
      wire_.session_ = &session;
      wire_.input_ = input;
      wire_.output_ = &output;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      wire_.input_ = {nullptr, 0};
      wire_.output_ = nullptr;
    }

   private:
    OpenSslWire& wire_;
  };

  BIO* bio() const { return bio_; }
  // Whose turn it is.
  OpenSslSession& session() const { return *session_; }
  size_t left() const { return input_.size; }

 private:
  explicit OpenSslWire(const OpenSsl& openssl) : openssl_(openssl) {
    method_ = openssl.BIO_meth_new(kBioSourceSink, "brink");
    if (!method_) return;
    openssl.BIO_meth_set_read(method_, read);
    openssl.BIO_meth_set_write(method_, write);
    openssl.BIO_meth_set_ctrl(method_, control);
    bio_ = openssl.BIO_new(method_);
    if (!bio_) return;
    openssl.BIO_set_data(bio_, this);
    openssl.BIO_set_init(bio_, 1);
  }

  static int read(BIO* bio, char* into, int size) { return of(bio)->read(into, static_cast<size_t>(size)); }
  static int write(BIO* bio, const char* bytes, int size) {
    OpenSslWire* wire = of(bio);
    if (!wire->output_) return -1;
    wire->output_->append(net::Slice{bytes, static_cast<size_t>(size)});
    return size;
  }
  static long control(BIO*, int command, long, void*) {
    return command == kBioCtrlFlush || command == kBioCtrlPush || command == kBioCtrlPop ? 1 : 0;
  }

  int read(char* into, size_t size) {
    openssl_.BIO_clear_flags(bio_, kBioFlagsOfRetry);
    if (input_.size == 0) {
      openssl_.BIO_set_flags(bio_, kBioFlagRead | kBioFlagRetry);
      return -1;
    }
    size_t taken = std::min(size, input_.size);
    std::memcpy(into, input_.data, taken);
    input_ = {input_.data + taken, input_.size - taken};
    return static_cast<int>(taken);
  }

  const OpenSsl& openssl_;
  BIO_METHOD* method_ = nullptr;
  BIO* bio_ = nullptr;
  OpenSslSession* session_ = nullptr;
  net::Slice input_ = {nullptr, 0};
  net::ByteBuffer* output_ = nullptr;
};

class OpenSslSession final : public Session {
 public:
  OpenSslSession(std::shared_ptr<const Contexts> contexts, OpenSslWire& wire) : Session(std::move(contexts), wire) {}
  OpenSslSession(const OpenSslSession&) = delete;
  OpenSslSession& operator=(const OpenSslSession&) = delete;
  ~OpenSslSession() override { openssl().SSL_free(ssl_); }

  // The one that has called OpenSSL, which calls back.
  static OpenSslSession& of(SSL* ssl) {
    return OpenSslWire::of(openssl_of_process().openssl->SSL_get_rbio(ssl))->session();
  }

  const OpenSslContexts& contexts() const { return static_cast<const OpenSslContexts&>(*contexts_); }
  // RFC 8446, 4.1.2: a ClientHello that had to be sent again has the same name. The certificate was chosen by it, and
  // so was what the client is asked for.
  bool set_server_name(std::string_view name) {
    if (has_heard_name_) return server_name() == name;
    has_heard_name_ = true;
    if (name.empty()) return true;
    server_name_ = std::make_unique<char[]>(name.size() + 1);
    name.copy(server_name_.get(), name.size());
    return true;
  }

  // Whether it fails does not depend on the error queue.
  bool seal(net::Slice plain, net::ByteBuffer& output) override {
    if (is_broken()) return false;
    OpenSslWire::Turn turn(wire(), *this, {nullptr, 0}, output);
    while (plain.size > 0) {
      size_t taken = 0;
      int result = openssl().SSL_write_ex(ssl_, plain.data, plain.size, &taken);
      if (result != 1) {
        openssl().ERR_clear_error();
        fail("nothing can be sealed");
        return false;
      }
      plain = {plain.data + taken, plain.size - taken};
    }
    return true;
  }

  bool serves(std::string_view host) const override { return contexts().serves(server_name(), host); }

  Facts facts() const override {
    const OpenSsl& library = openssl();
    Facts facts;
    facts.version = library.SSL_get_version(ssl_);
    if (const SSL_CIPHER* cipher = library.SSL_get_current_cipher(ssl_)) {
      facts.cipher = library.SSL_CIPHER_get_name(cipher);
    }
    facts.server_name = server_name();
    facts.is_resumed = library.SSL_session_reused(ssl_) == 1;
    X509* certificate = library.SSL_get1_peer_certificate(ssl_);
    if (!certificate) return facts;
    long verified = library.SSL_get_verify_result(ssl_);
    facts.is_authorized = verified == kVerified;
    if (!facts.is_authorized) facts.why_not_authorized = library.X509_verify_cert_error_string(verified);
    int size = library.i2d_X509(certificate, nullptr);
    if (size > 0) {
      facts.certificate.resize(static_cast<size_t>(size));
      auto* bytes = reinterpret_cast<unsigned char*>(&facts.certificate[0]);
      library.i2d_X509(certificate, &bytes);
    }
    library.X509_free(certificate);
    return facts;
  }

 private:
  bool begin_handshake() override {
    openssl().ERR_clear_error();
    ssl_ = contexts().make_ssl();
    if (!ssl_) {
      openssl().ERR_clear_error();
      return false;
    }
    // A reference for reading and writing, which the connection gives back.
    openssl().BIO_up_ref(wire().bio());
    openssl().SSL_set_bio(ssl_, wire().bio(), wire().bio());
    openssl().SSL_set_accept_state(ssl_);
    return true;
  }

  // The error queue is Node's, too: what stands there would be taken for an error of this call, and what this call
  // leaves there for one of Node's. To look at it takes a fifth of what clearing it takes, empty or not.
  size_t open_records(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) override {
    if (openssl().ERR_peek_last_error() != 0) openssl().ERR_clear_error();
    OpenSslWire::Turn turn(wire(), *this, sealed, output);
    size_t size = 0;
    while (true) {
      size_t got = 0;
      int result = openssl().SSL_read_ex(ssl_, into + size, room - size, &got);
      if (state_ == State::handshake && openssl().SSL_is_init_finished(ssl_)) state_ = State::open;
      if (result != 1) {
        take_error(result);
        return size;
      }
      size += got;
      // To ask once more, only to hear that nothing is left, would take memory for the next record.
      if (wire().left() == 0 && openssl().SSL_pending(ssl_) == 0) return size;
      if (size == room) {
        // It would stay inside, where nobody looks for it.
        fail("more was received than there is room for");
        return size;
      }
    }
  }

  void put_end(net::ByteBuffer& output) override {
    openssl().ERR_clear_error();
    OpenSslWire::Turn turn(wire(), *this, {nullptr, 0}, output);
    if (openssl().SSL_shutdown(ssl_) < 0) openssl().ERR_clear_error();
  }

  void take_error(int result) {
    switch (openssl().SSL_get_error(ssl_, result)) {
      // Of these it tells only when the error queue is empty.
      case kErrorWantRead:
        return;
      case kErrorZeroReturn:
        state_ = State::ended;
        return;
      default:
        return fail(openssl().take_reason());
    }
  }

  OpenSslWire& wire() const { return static_cast<OpenSslWire&>(wire_); }
  const OpenSsl& openssl() const { return contexts().openssl(); }
  std::string_view server_name() const { return server_name_ ? server_name_.get() : std::string_view(); }

  bool has_heard_name_ = false;
  SSL* ssl_ = nullptr;
  std::unique_ptr<char[]> server_name_;  // that the client has asked for; null for none
};

#if defined(__linux__) && defined(__LP64__)
// An idle connection keeps it. With what the allocator adds it takes 64 bytes, and a name of up to 23 letters takes 32.
static_assert(sizeof(OpenSslSession) <= 56, "an idle connection takes more memory");
#endif

// Before anything is decided, resumption among it: a ticket of one name must not open another one, which may ask for
// certificates.
int hear_client_hello(SSL* ssl, int* alert, void* argument) {
  const auto& contexts = *static_cast<const OpenSslContexts*>(argument);
  const unsigned char* extension = nullptr;
  size_t size = 0;
  int has_name = contexts.openssl().SSL_client_hello_get0_ext(ssl, kExtensionServerName, &extension, &size);
  std::string_view name = has_name == 1 ? host_name_of(extension, size) : std::string_view();
  // OpenSSL looks at it later, and not when a session is resumed.
  if (!is_possible_name(name)) {
    *alert = kAlertUnrecognizedName;
  } else if (!OpenSslSession::of(ssl).set_server_name(name)) {
    *alert = kAlertIllegalParameter;
  } else if (contexts.choose(ssl, name)) {
    return kClientHelloSuccess;
  } else {
    *alert = kAlertInternalError;
  }
  return kClientHelloError;
}

// RFC 7301, 3.2. The list was looked at by OpenSSL, and is looked at again here.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  constexpr std::string_view kHttp = "http/1.1";
  for (unsigned int at = 0; at < offered_size;) {
    unsigned int size = offered[at++];
    if (size > offered_size - at) break;
    if (std::string_view(reinterpret_cast<const char*>(offered + at), size) == kHttp) {
      *chosen = offered + at;
      *chosen_size = static_cast<unsigned char>(size);
      return kAlpnOk;
    }
    at += size;
  }
  return kAlpnFatal;
}

int prepare_ticket(SSL* ssl, unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int encrypts) {
  return OpenSslSession::of(ssl).contexts().prepare_ticket(key_name, iv, cipher, mac, encrypts != 0);
}

}  // namespace

OpenSslContexts::~OpenSslContexts() {
  for (const Context& each : contexts_) openssl_.SSL_CTX_free(each.context);
  if (ticket_cipher_) openssl_.EVP_CIPHER_free(ticket_cipher_);
}

void OpenSslContexts::add(const ContextOptions& options, SSL_CTX* context) {
  if (!contexts_.empty()) names_.add(options.name, contexts_.size());
  contexts_.push_back({context, options.groups, options.session_scope, options.asks_for_certificate});
  asks_for_certificates_ |= options.asks_for_certificate;
  openssl_.SSL_CTX_set_client_hello_cb(context, hear_client_hello, this);
  openssl_.SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

void OpenSslContexts::rotate(const std::vector<std::string>& ticket_keys) {
  ticket_keys_ = ticket_keys;
  ticket_cipher_ = openssl_.EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  if (ticket_cipher_) openssl_.SSL_CTX_set_tlsext_ticket_key_evp_cb(contexts_[0].context, brink::tls::prepare_ticket);
}

// SSL_set_SSL_CTX changes certificates and who may sign the client's. The other rules were copied before.
bool OpenSslContexts::choose(SSL* ssl, std::string_view server_name) const {
  size_t place = server_name.empty() ? 0 : names_.find(server_name);
  if (place == 0) return true;
  const Context& chosen = contexts_[place];
  if (openssl_.SSL_set_SSL_CTX(ssl, chosen.context) != chosen.context) return false;
  openssl_.SSL_set_verify(ssl, openssl_.SSL_CTX_get_verify_mode(chosen.context),
                          openssl_.SSL_CTX_get_verify_callback(chosen.context));
  openssl_.SSL_ctrl(ssl, kSetLeastVersion, openssl_.SSL_CTX_ctrl(chosen.context, kGetLeastVersion, 0, nullptr),
                    nullptr);
  openssl_.SSL_ctrl(ssl, kSetGreatestVersion, openssl_.SSL_CTX_ctrl(chosen.context, kGetGreatestVersion, 0, nullptr),
                    nullptr);
  if (!chosen.groups.empty() && chosen.groups != contexts_[0].groups) {
    if (openssl_.SSL_ctrl(ssl, kSetGroups, 0, const_cast<char*>(chosen.groups.c_str())) != 1) return false;
  }
  const auto* scope = reinterpret_cast<const unsigned char*>(chosen.session_scope.data());
  return openssl_.SSL_set_session_id_context(ssl, scope, static_cast<unsigned int>(chosen.session_scope.size())) == 1;
}

bool OpenSslContexts::serves(std::string_view server_name, std::string_view host) const {
  if (!server_name.empty()) return ServerNames::are_equal(server_name, host);
  size_t place = names_.find(host);
  return place == 0 || !contexts_[place].asks_for_certificate;
}

// In the form that OpenSSL itself gives tickets, so that those of one key are read when there are several.
int OpenSslContexts::prepare_ticket(unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                    EVP_MAC_CTX* mac, bool encrypts) const {
  constexpr size_t kName = 16, kSecret = 32;
  constexpr int kIv = 16;
  constexpr int kFailed = -1, kUnknown = 0, kTaken = 1, kTakenAndRenewed = 2;
  constexpr unsigned int kText = 4, kOctets = 5;  // OSSL_PARAM_UTF8_STRING, OSSL_PARAM_OCTET_STRING
  size_t place = 0;
  if (!encrypts) {
    while (place < ticket_keys_.size() && std::memcmp(key_name, ticket_keys_[place].data(), kName) != 0) place++;
    if (place == ticket_keys_.size()) return kUnknown;
  }
  const auto* key = reinterpret_cast<const unsigned char*>(ticket_keys_[place].data());
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      {"key", kOctets, const_cast<unsigned char*>(key + kName), kSecret, 0},
      {"digest", kText, digest, sizeof digest - 1, 0},
      {nullptr, 0, nullptr, 0, 0},
  };
  if (openssl_.EVP_MAC_CTX_set_params(mac, parameters) != 1) return kFailed;
  const unsigned char* secret = key + kName + kSecret;
  if (encrypts) {
    std::memcpy(key_name, key, kName);
    if (openssl_.RAND_bytes(iv, kIv) != 1) return kFailed;
    return openssl_.EVP_EncryptInit_ex(cipher, ticket_cipher_, nullptr, secret, iv) == 1 ? kTaken : kFailed;
  }
  if (openssl_.EVP_DecryptInit_ex(cipher, ticket_cipher_, nullptr, secret, iv) != 1) return kFailed;
  return place == 0 ? kTaken : kTakenAndRenewed;
}

std::unique_ptr<Wire> OpenSslContexts::make_wire() const { return OpenSslWire::make(openssl_); }

std::unique_ptr<Session> OpenSslContexts::make_session(const std::shared_ptr<const Contexts>& self, Wire& wire) const {
  return std::make_unique<OpenSslSession>(self, static_cast<OpenSslWire&>(wire));
}

}  // namespace brink::tls
