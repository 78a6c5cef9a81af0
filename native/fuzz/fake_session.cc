#include "fuzz/fake_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fuzz/check.h"

namespace brink::fuzz {
namespace toy {
namespace {

void change(std::string& content) {
  for (char& each : content) each = static_cast<char>(each ^ 0x5c);
}

}  // namespace

std::string record(Kind kind, const std::string& content) {
  std::string bytes;
  bytes += static_cast<char>(kind);
  bytes += static_cast<char>(content.size() >> 8);
  bytes += static_cast<char>(content.size() & 0xff);
  std::string changed = content;
  change(changed);
  return bytes + changed;
}

bool take_record(std::string& bytes, Kind* kind, std::string* content) {
  if (bytes.size() < kHeader) return false;
  auto byte = [&bytes](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(bytes[at])); };
  size_t size = byte(1) << 8 | byte(2);
  if (bytes.size() < kHeader + size) return false;
  *kind = static_cast<Kind>(bytes[0]);
  *content = bytes.substr(kHeader, size);
  change(*content);
  bytes.erase(0, kHeader + size);
  return true;
}

}  // namespace toy

namespace {

class ToyWire final : public tls::Wire {};

class ToySession final : public tls::Session {
 public:
  ToySession(std::shared_ptr<const tls::Contexts> contexts, tls::Wire& wire) : Session(std::move(contexts), wire) {}

  bool seal(net::Slice plain, net::ByteBuffer& output) override {
    BRINK_HOLDS(state_ == State::open || state_ == State::ended, "something is sealed outside of a session");
    BRINK_HOLDS(!has_said_end_, "something is sealed after the end");
    for (size_t at = 0; at < plain.size; at += toy::kMostOfRecord) {
      size_t size = std::min(toy::kMostOfRecord, plain.size - at);
      output.append(toy::record(toy::data, std::string(plain.data + at, size)));
    }
    return true;
  }

  bool serves(std::string_view) const override { return true; }

  tls::Facts facts() const override {
    BRINK_HOLDS(state_ != State::handshake, "facts are asked for before they are agreed on");
    tls::Facts facts;
    facts.version = "toy";
    facts.certificate = std::string(700, 'c');
    return facts;
  }

 private:
  bool begin_handshake() override { return true; }

  size_t open_records(net::Slice sealed, char* into, size_t room, net::ByteBuffer& output) override {
    BRINK_HOLDS(state_ != State::broken && state_ != State::ended, "a session is given more after its end");
    BRINK_HOLDS(sealed.size > 0, "a session is given nothing");
    kept_.append(sealed.data, sealed.size);
    size_t size = 0;
    toy::Kind kind;
    std::string content;
    while (state_ <= State::open && toy::take_record(kept_, &kind, &content)) {
      take(kind, output);
      if (kind != toy::data || state_ != State::open) continue;
      BRINK_HOLDS(content.size() <= room - size, "there is no room for what a client may have sent");
      std::memcpy(into + size, content.data(), content.size());
      size += content.size();
    }
    return size;
  }

  void put_end(net::ByteBuffer& output) override {
    BRINK_HOLDS(state_ == State::open || state_ == State::ended, "an end is said outside of a session");
    BRINK_HOLDS(!has_said_end_, "an end is said twice");
    has_said_end_ = true;
    output.append(toy::record(toy::alert, ""));
  }

  void take(toy::Kind kind, net::ByteBuffer& output) {
    switch (kind) {
      case toy::flight:
        if (state_ != State::handshake) return fail(output);
        output.append(toy::record(toy::flight, "flight"));
        if (++flights_ == 2) state_ = State::open;
        return;
      case toy::data:
        if (state_ != State::open) fail(output);
        return;
      case toy::key_update:
        if (state_ != State::open) return fail(output);
        return output.append(toy::record(toy::key_update, "!"));
      case toy::alert:
        if (state_ != State::open) return fail(output);
        state_ = State::ended;
        return;
      default:
        return fail(output);
    }
  }

  void fail(net::ByteBuffer& output) {
    Session::fail("nonsense");
    output.append(toy::record(toy::alert, "nonsense"));
  }

  std::string kept_;
  int flights_ = 0;
  bool has_said_end_ = false;
};

class ToyContexts final : public tls::Contexts {
 public:
  std::unique_ptr<tls::Wire> make_wire() const override { return std::make_unique<ToyWire>(); }
  bool asks_for_certificates() const override { return false; }
  std::unique_ptr<tls::Session> make_session(const std::shared_ptr<const tls::Contexts>& self,
                                             tls::Wire& wire) const override {
    return std::make_unique<ToySession>(self, wire);
  }
};

}  // namespace

std::shared_ptr<const tls::Contexts> toy_contexts() { return std::make_shared<ToyContexts>(); }

// It need not wait for what the server answers.
ToyClient::ToyClient() {
  send(toy::flight);
  send(toy::flight);
}

size_t ToyClient::seal_next(const char* plain, size_t size) {
  constexpr size_t kSizes[] = {16 * 1024, 1, 200, 3, 5000};
  size_t taken = std::min(size, kSizes[records_++ % std::size(kSizes)]);
  to_server_ += toy::record(toy::data, std::string(plain, taken));
  return taken;
}

void ToyClient::receive(size_t client, const char* bytes, size_t size,
                        const std::function<void(const std::string&)>& on_data) {
  BRINK_HOLDS(!is_over_, "client %zu: is sent more after the end of its session", client);
  from_server_.append(bytes, size);
  toy::Kind kind;
  std::string content;
  while (toy::take_record(from_server_, &kind, &content)) {
    BRINK_HOLDS(!is_over_, "client %zu: is sent more after the end of its session", client);
    bool is_known = kind >= toy::alert && kind <= toy::key_update;
    BRINK_HOLDS(is_known, "client %zu: is sent what is no record", client);
    is_over_ = kind == toy::alert;
    if (kind == toy::data) on_data(content);
  }
}

}  // namespace brink::fuzz
