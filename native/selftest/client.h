// A client with a plain blocking socket: it sends bytes, and parses what it receives as responses. Every wait ends
// after kPatienceMs, so that a server that does not answer fails a test instead of hanging it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/fd.h"

namespace brink::selftest {

struct Response {
  int status = 0;  // 0: there was none, or not the whole of it
  std::string head;
  std::string body;

  bool closes() const { return head.find("\r\nConnection: close\r\n") != std::string::npos; }
};

class Client {
 public:
  static constexpr int kPatienceMs = 60'000;

  explicit Client(uint16_t port);

  bool connected() const { return static_cast<bool>(fd_); }

  // False when the server does not take the bytes.
  bool send(std::string_view bytes);
  bool send_each_byte(std::string_view bytes);
  // Sends an out-of-band byte, which is not part of the server's input.
  bool send_urgent(char byte);

  Response receive();
  // The next bytes that have arrived, or an empty string when the server has closed.
  std::string receive_some();
  // Whether the server has closed and all of its bytes were received.
  bool sees_end() { return received_.empty() && receive_some().empty() && ended_; }

  void finish_sending();
  // Resets the connection.
  void vanish();

 private:
  bool receive_more();

  net::Fd fd_;
  std::string received_;  // and not asked for yet
  bool ended_ = false;
};

// A GET request without a body.
std::string get(std::string_view target);

}  // namespace brink::selftest
