// The reactor's part that hears proxies: the header of the PROXY protocol, before the first request.
#include <cstring>
#include <utility>

#include "http/proxy_header.h"
#include "reactor/reactor.h"

namespace brink::reactor {

static_assert(http::kMostProxyHeaderBytes <= http::kMostHeaderBytes, "a block has room for what is kept of a header");

// A proxy sends its header at once, so the time for a required one runs from the accept. TLS begins behind it.
void Reactor::await_opening(Connection& connection, const Listener& listener) {
  bool is_required = listener.proxy_headers == ProxyHeaders::required;
  if (listener.proxy_headers != ProxyHeaders::off && options_.trusted_peers.includes(connection.peer)) {
    connection.stage = Stage::announced;
    Announced& announced = connection.with_rare().announced.emplace();
    announced.is_required = is_required;
    announced.contexts = listener.contexts;
    connection.since.message_ms = now_ms_;
  } else if (is_required) {
    return refuse_proxy_header(connection, http::Refusal::UNTRUSTED_PROXY);
  } else if (listener.contexts) {
    await_handshake(connection, listener.contexts);
  }
  arm(connection, true);
}

// New bytes of a connection whose header is not complete, in the block. What follows the header are requests.
void Reactor::hear_proxy(Connection& connection, char* at, size_t size) {
  using State = http::ProxyHeader::State;
  Announced& announced = *connection.announced();
  bool has_begun = !announced.header.empty();
  size_t kept = announced.header.size();
  if (kept > 0) {
    std::memmove(at + kept, at, size);
    std::memcpy(at, announced.header.data(), kept);
    size += kept;
  }
  http::ProxyHeader header = http::read_proxy_header({at, size});
  if (header.state == State::incomplete) {
    if (!has_begun && !announced.is_required) connection.since.message_ms = now_ms_;
    announced.header.assign(at, at + size);
    return settle(connection);
  }
  if (header.state == State::too_long) {
    return refuse_proxy_header(connection, http::Refusal::PROXY_HEADER_TOO_LONG);
  }
  if (header.state == State::invalid || (header.state == State::absent && announced.is_required)) {
    return refuse_proxy_header(connection, http::Refusal::INVALID_PROXY_HEADER);
  }
  connection.stage = Stage::open;
  std::shared_ptr<const tls::Contexts> contexts = std::move(announced.contexts);
  // Without a header the peer speaks for itself; with one that names nobody, its client is not known.
  if (header.state == State::absent) {
    connection.rare->announced.reset();
  } else {
    announced.has_client = header.has_client;
    announced.client = header.client;
    announced.header = {};
  }
  events_.used(header.size);
  at += header.size;
  size -= header.size;
  if (!contexts) return parse(connection, at, size);
  await_handshake(connection, contexts);
  if (size == 0) return settle(connection);
  std::memcpy(sealing_->received.get(), at, size);
  open_received(connection, at, size);
}

// Nothing is said: who sends no header, or a wrong one, may not speak HTTP, and its client has asked for nothing yet.
void Reactor::refuse_proxy_header(Connection& connection, http::Refusal refusal) {
  tell_client_error(connection, refusal);
  if (observing_) observing_->refuses_connection(connection, refusal);
  connection.is_ended_by(refusal == http::Refusal::PROXY_HEADER_TIMEOUT ? Cause::timeout : Cause::server);
  drop(connection);
}

}  // namespace brink::reactor
