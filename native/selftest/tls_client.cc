#include "selftest/tls_client.h"

#include <cstdlib>
#include <cstring>

#include "net/symbols.h"
#include "tls/context.h"

namespace brink::selftest {

// What only clients need of OpenSSL.
struct ClientFunctions {
  const void* (*TLS_client_method)() = nullptr;
  const void* (*BIO_s_mem)() = nullptr;
  void (*SSL_set_connect_state)(tls::SSL*) = nullptr;
  int (*SSL_do_handshake)(tls::SSL*) = nullptr;
  int (*SSL_key_update)(tls::SSL*, int) = nullptr;
  int (*BIO_read)(tls::BIO*, void*, int) = nullptr;
  int (*BIO_write)(tls::BIO*, const void*, int) = nullptr;
  bool is_whole = false;
};

namespace {

// Nobody trusts them.
constexpr const char* kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgz251wS5TZpElBT1R
dZBElc+uc7rj4InsxaKOFXP2iiShRANCAASQOf/hy6E/YhYqso1kHchKFgrKtJ+6
zu9CIyO/WhTr1VaAg38YpLWdKbt0xfV9JTzz5FMLMJ9xT1wgsWQsQruV
-----END PRIVATE KEY-----
)";
constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUKFZFphHSO7H09lJzAiSJrNF6Rm0wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc2VsZnRlc3QwIBcNMjYxMTMwMTk0NjU1WhgPMjEyNjExMDYx
OTQ2NTVaMBMxETAPBgNVBAMMCHNlbGZ0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEkDn/4cuhP2IWKrKNZB3IShYKyrSfus7vQiMjv1oU69VWgIN/GKS1nSm7
dMX1fSU88+RTCzCfcU9cILFkLEK7laNTMFEwHQYDVR0OBBYEFEHZfOCY6tM1L3fy
SBGr4N5ijp4eMB8GA1UdIwQYMBaAFEHZfOCY6tM1L3fySBGr4N5ijp4eMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgfF8YgTtVxlvGJ8TxDwth8UJ5
kFbWL21s+f7mC76wD18CIQCXTS3RMJdJafzQiou6Gl99yFXMNETNKImYFwx3SjAj
FA==
-----END CERTIFICATE-----
)";

const ClientFunctions& client_functions() {
  static const ClientFunctions functions = [] {
    ClientFunctions found;
    net::Library library = net::system::this_program();
    if (!net::system::find_symbol(library, "SSL_CTX_new")) library = net::system::load_library("libssl.so.3");
    if (!library) return found;
    auto look = [library](auto* into, const char* name) {
      void* function = net::system::find_symbol(library, name);
      std::memcpy(into, &function, sizeof function);
      return function != nullptr;
    };
    found.is_whole = look(&found.TLS_client_method, "TLS_client_method") && look(&found.BIO_s_mem, "BIO_s_mem") &&
                     look(&found.SSL_set_connect_state, "SSL_set_connect_state") &&
                     look(&found.SSL_do_handshake, "SSL_do_handshake") &&
                     look(&found.SSL_key_update, "SSL_key_update") && look(&found.BIO_read, "BIO_read") &&
                     look(&found.BIO_write, "BIO_write");
    return found;
  }();
  return functions;
}

tls::ContextOptions test_options() {
  tls::ContextOptions options;
  options.keys.push_back({kKey, "", false});
  options.certs.emplace_back(kCertificate);
  options.ticket_keys.emplace_back(tls::kTicketKeyBytes, 'k');
  return options;
}

}  // namespace

const char* why_no_tls() {
  const tls::Binding& binding = tls::openssl_of_process();
  if (!binding.openssl) return binding.why_not.c_str();
  return client_functions().is_whole ? nullptr : "OpenSSL has no functions for clients";
}

std::shared_ptr<const tls::Contexts> make_test_contexts(std::string* why_not) {
  tls::ContextOptions options = test_options();
  tls::ContextOptions other = options;
  other.name = "other.example";
  other.asks_for_certificate = true;
  return tls::make_contexts(*tls::openssl_of_process().openssl, {options, other}, why_not);
}

std::shared_ptr<const tls::Contexts> make_asking_contexts(std::string* why_not) {
  tls::ContextOptions options = test_options();
  options.groups = "P-384";
  tls::ContextOptions open = options;
  open.name = "open.example";
  options.asks_for_certificate = true;
  return tls::make_contexts(*tls::openssl_of_process().openssl, {options, open}, why_not);
}

struct TlsClient::Session {
  const tls::OpenSsl& openssl = *tls::openssl_of_process().openssl;
  const ClientFunctions& own = client_functions();
  tls::SSL_CTX* context = openssl.SSL_CTX_new(own.TLS_client_method());
  tls::SSL* ssl = openssl.SSL_new(context);
  tls::BIO* input = openssl.BIO_new(static_cast<const tls::BIO_METHOD*>(own.BIO_s_mem()));
  tls::BIO* output = openssl.BIO_new(static_cast<const tls::BIO_METHOD*>(own.BIO_s_mem()));
  bool has_ended = false;

  Session() {
    openssl.SSL_set_bio(ssl, input, output);
    own.SSL_set_connect_state(ssl);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    openssl.SSL_free(ssl);
    openssl.SSL_CTX_free(context);
  }

  std::string take_output() const {
    std::string taken;
    char bytes[4096];
    for (int got; (got = own.BIO_read(output, bytes, sizeof bytes)) > 0;) taken.append(bytes, static_cast<size_t>(got));
    return taken;
  }
};

TlsClient::TlsClient(uint16_t port) : client_(port), session_(std::make_unique<Session>()) {}
TlsClient::~TlsClient() = default;

bool TlsClient::flush() { return client_.send(session_->take_output()); }

// Gives the session what has arrived. False when the server has closed.
bool TlsClient::pump() {
  std::string arrived = client_.receive_some();
  if (arrived.empty()) return false;
  return session_->own.BIO_write(session_->input, arrived.data(), static_cast<int>(arrived.size())) > 0;
}

void TlsClient::ask_for(const char* server_name) {
  constexpr int kSetServerName = 55, kHostName = 0;
  session_->openssl.SSL_ctrl(session_->ssl, kSetServerName, kHostName, const_cast<char*>(server_name));
}

bool TlsClient::begin_handshake() {
  session_->openssl.ERR_clear_error();
  session_->own.SSL_do_handshake(session_->ssl);
  return flush();
}

bool TlsClient::shake_hands() {
  constexpr int kWantsToRead = 2;
  while (true) {
    session_->openssl.ERR_clear_error();
    int result = session_->own.SSL_do_handshake(session_->ssl);
    bool goes_on = result == 1 || session_->openssl.SSL_get_error(session_->ssl, result) == kWantsToRead;
    if (!flush() || !goes_on) return false;
    if (result == 1) return true;
    if (!pump()) return false;
  }
}

bool TlsClient::send(std::string_view bytes) {
  size_t taken = 0;
  session_->openssl.ERR_clear_error();
  return session_->openssl.SSL_write_ex(session_->ssl, bytes.data(), bytes.size(), &taken) == 1 && flush();
}

bool TlsClient::send_broken(std::string_view bytes) {
  size_t taken = 0;
  session_->openssl.ERR_clear_error();
  if (session_->openssl.SSL_write_ex(session_->ssl, bytes.data(), bytes.size(), &taken) != 1) return false;
  std::string record = session_->take_output();
  record.back() = static_cast<char>(record.back() ^ 1);
  return client_.send(record);
}

bool TlsClient::send_key_updates(int times) {
  constexpr int kRequested = 1;
  std::string records;
  for (int i = 0; i < times; i++) {
    session_->openssl.ERR_clear_error();
    if (session_->own.SSL_key_update(session_->ssl, kRequested) != 1) return false;
    if (session_->own.SSL_do_handshake(session_->ssl) != 1) return false;
    records += session_->take_output();
  }
  return client_.send(records);
}

Response TlsClient::receive() {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  while (true) {
    size_t end = received_.find("\r\n\r\n");
    if (end != std::string::npos) {
      Response response;
      response.head = received_.substr(0, end + 4);
      size_t at = response.head.find(kLength);
      size_t length =
          at == std::string::npos ? 0 : std::strtoull(response.head.c_str() + at + kLength.size(), nullptr, 10);
      if (received_.size() - end - 4 >= length) {
        response.body = received_.substr(end + 4, length);
        received_.erase(0, end + 4 + length);
        response.status = std::atoi(response.head.c_str() + std::strlen("HTTP/1.1 "));
        return response;
      }
    }
    char bytes[16 * 1024];
    size_t got = 0;
    session_->openssl.ERR_clear_error();
    if (session_->openssl.SSL_read_ex(session_->ssl, bytes, sizeof bytes, &got) == 1) {
      received_.append(bytes, got);
    } else if (!flush() || !pump()) {
      return {};
    }
  }
}

bool TlsClient::sees_end() {
  constexpr int kZeroReturn = 6;
  while (true) {
    char byte;
    size_t got = 0;
    session_->openssl.ERR_clear_error();
    int result = session_->openssl.SSL_read_ex(session_->ssl, &byte, 1, &got);
    if (result == 1) return false;
    if (session_->openssl.SSL_get_error(session_->ssl, result) == kZeroReturn) return client_.sees_end();
    if (!pump()) return false;
  }
}

}  // namespace brink::selftest
