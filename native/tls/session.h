// The TLS of one connection: an engine, which begins with the first byte that arrives, and what it has said that is not
// on its way yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tls/engine.h"

namespace brink::tls {

// The most that is received at a time: what it holds of plaintext, with a record that had not come whole before, fits
// where 64 KiB are received without TLS.
inline constexpr size_t kMostReceived = (64 - 17) * 1024;

class Session {
 public:
  explicit Session(std::shared_ptr<const Contexts> contexts)
      : contexts_(std::move(contexts)), judges_hosts_(contexts_->asks_for_certificates()) {}

  bool has_begun() const { return engine_ != nullptr; }
  // False when there is no memory.
  bool begin(Wire& wire) {
    engine_ = contexts_->begin(contexts_, wire);
    contexts_.reset();
    return has_begun();
  }

  bool is_open() const { return engine_ && engine_->state() >= Engine::State::open && !is_broken(); }
  bool is_broken() const { return engine_ && (engine_->state() == Engine::State::broken || is_flood_); }
  bool peer_has_ended() const { return engine_ && engine_->state() == Engine::State::ended; }
  const char* reason() const { return is_flood_ ? "too many records without content" : engine_->reason(); }
  Facts facts() const { return engine_->facts(); }
  // Whether not every host is served. Once it is open.
  bool judges_hosts() const { return judges_hosts_; }
  bool serves(std::string_view host) const { return engine_->serves(host); }
  net::Sealer& sealer() { return *engine_; }

  // The plaintext of what has arrived, and what is to be sent because of it.
  size_t open(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) {
    bool was_open = is_open();
    size_t size = engine_->open(sealed, into, room, output);
    without_content_ = size > 0 ? 0 : without_content_ + static_cast<uint32_t>(sealed.size);
    is_flood_ = without_content_ > (was_open ? kMostWithoutContent : kMostOfHandshake);
    // A handshake is no part of what follows.
    if (!was_open && is_open()) without_content_ = 0;
    return size;
  }

  // What the engine has said waits for an answer that it may leave with.
  void hold(net::Slice output) { held_.append(output.data, output.size); }
  bool holds() const { return !held_.empty(); }
  void give_held(net::ByteBuffer& output) {
    output.append(held_);
    held_ = {};
  }

  // Whether an end can be said that was not said yet.
  bool may_say_end() const { return is_open() && !has_said_end_; }
  void say_end(net::ByteBuffer& output) {
    has_said_end_ = true;
    engine_->say_end(output);
  }
  // What was sent must not look whole.
  void say_no_end() { has_said_end_ = true; }

 private:
  // OpenSSL itself sets no limit, and each costs nearly as much as a request. A record is at most 18 KiB long.
  static constexpr uint32_t kMostWithoutContent = 24 * 1024;
  // With the longest chain of certificates that OpenSSL takes of a client.
  static constexpr uint32_t kMostOfHandshake = 160 * 1024;

  std::shared_ptr<const Contexts> contexts_;  // until it begins
  std::unique_ptr<Engine> engine_;
  std::string held_;
  uint32_t without_content_ = 0;  // so many sealed bytes in a row
  bool judges_hosts_;
  bool is_flood_ = false;
  bool has_said_end_ = false;
};

}  // namespace brink::tls
