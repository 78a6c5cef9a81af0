// A client with a plain blocking socket: what it sends is bytes, and what it receives is read as responses. Every wait
// ends after kPatienceMs, so that a server that says nothing fails a test and does not hang it.
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

  // False when the server takes no more.
  bool send(std::string_view bytes);
  bool send_each_byte(std::string_view bytes);
  // A byte out of band, which is no part of what the server reads.
  bool send_urgent(char byte);

  Response receive();
  // What is there of the next bytes, or, when the server has said everything, nothing.
  std::string receive_some();
  // True when the server has closed, and sent nothing that was not received before.
  bool sees_end() { return received_.empty() && receive_some().empty() && ended_; }

  void finish_sending();
  // Ends the connection with a reset.
  void vanish();

 private:
  bool receive_more();

  net::Fd fd_;
  std::string received_;  // and not asked for yet
  bool ended_ = false;
};

// A request without a body.
std::string get(std::string_view target);

}  // namespace brink::selftest
