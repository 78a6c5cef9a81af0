// A toy in TLS's place, with the manners of the real one: a handshake of flights, records that may be split anywhere,
// messages between them that are answered, an end that is said, and alerts. A record is its kind, its length in two
// bytes, and its content, in which each byte is changed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "tls/session.h"

namespace brink::fuzz {

namespace toy {

enum Kind : unsigned char { alert = 0x15, flight = 0x16, data = 0x17, key_update = 0x18, nonsense = 0x7f };
inline constexpr size_t kHeader = 3;
inline constexpr size_t kMostOfRecord = 16 * 1024;

std::string record(Kind kind, const std::string& content);
// Takes the next record out of the bytes. False when it is not complete.
bool take_record(std::string& bytes, Kind* kind, std::string* content);

}  // namespace toy

std::shared_ptr<const tls::Contexts> toy_contexts();

// The client's side. What it wants to send becomes records when the server reads, of sizes that differ.
class ToyClient {
 public:
  ToyClient();

  // Records that the server has not read.
  std::string& to_server() { return to_server_; }
  // Puts a piece of the plaintext there, and gives its size.
  size_t seal_next(const char* plain, size_t size);
  void send(toy::Kind kind) { to_server_ += toy::record(kind, "?"); }

  // What the server has sent: the plaintext is given on.
  void receive(size_t client, const char* bytes, size_t size, const std::function<void(const std::string&)>& on_data);

 private:
  std::string to_server_;
  std::string from_server_;
  size_t records_ = 0;
  bool is_over_ = false;
};

}  // namespace brink::fuzz
