// A client that speaks TLS, by the OpenSSL that the server is bound to: an engine of the client's side between two
// memory BIOs, over a plain client. Contexts for servers, too, with a key and a certificate that are made for them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "selftest/client.h"
#include "tls/session.h"

namespace brink::selftest {

// Why there is no TLS here, or null.
const char* why_no_tls();

// With a certificate for any name, which nobody has signed but itself.
std::shared_ptr<const tls::Contexts> make_test_contexts(std::string* why_not);
// The same, which asks for certificates of all but those who ask for open.example. It knows one group alone, so that
// clients with another one at first have to begin again.
std::shared_ptr<const tls::Contexts> make_asking_contexts(std::string* why_not);

class TlsClient {
 public:
  explicit TlsClient(uint16_t port);
  ~TlsClient();

  // The server that it asks for from now on.
  void ask_for(const char* server_name);
  // Begins the handshake, and goes on with it until it is over. False when it fails.
  bool shake_hands();
  // Sends what begins one, and no more.
  bool begin_handshake();
  bool send(std::string_view bytes);
  // Sends a record that was changed on its way.
  bool send_broken(std::string_view bytes);
  // Asks for new keys of both sides (KeyUpdate), so many times.
  bool send_key_updates(int times);
  Response receive();
  // Whether the server has said that nothing follows, before it has closed.
  bool sees_end();
  // Resets the connection.
  void vanish() { client_.vanish(); }

 private:
  struct Session;

  bool pump();
  bool flush();

  Client client_;
  std::unique_ptr<Session> session_;
  std::string received_;
};

}  // namespace brink::selftest
