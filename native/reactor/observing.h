// Follows each request from its first byte to the last byte of its answer, for who logs and measures them. It stands
// between the parser and the reactor, so that a reactor without one does nothing for it. Owned by the reactor.
#pragma once

#include <cstdint>
#include <memory>

#include "http/request_parser.h"
#include "reactor/measurements.h"
#include "reactor/metrics.h"
#include "reactor/observed.h"
#include "reactor/request_log.h"

namespace brink::reactor {

class Reactor;
struct Connection;
struct Reply;

class Observing final : public http::RequestSink {
 public:
  // Without a log nothing is logged, and without metrics nothing is measured.
  Observing(Reactor& reactor, std::shared_ptr<RequestLog> log) : reactor_(reactor), log_(std::move(log)) {}

  void measure(std::shared_ptr<Metrics> metrics) { metrics_ = std::move(metrics); }
  void measure(std::shared_ptr<Measurements> measurements) { measurements_ = std::move(measurements); }

  // Called by the parser, and passed on to the reactor.
  bool on_request(const http::Request& request) override;
  bool on_body(net::Slice bytes, net::Slice trailers, bool is_last) override;

  // The answer to a request begins, or the app has taken its connection over.
  void answers(Connection& connection, const Reply& given);
  // The answer to the request before the first unanswered one was given whole.
  void passed(Connection& connection);
  // The system has taken some of what the connection is sent.
  void taken(Connection& connection);
  // The app sends this in a tunnel, which begins with an answer in most of them.
  void sends_in_tunnel(Connection& connection, const Reply& given);
  void hears_in_tunnel(Connection& connection, size_t size);
  // The app says this, and ends the connection.
  void says_last(Connection& connection, const Reply& given);
  // The server answers the request itself.
  void refuses(Connection& connection, uint32_t sequence, http::Refusal refusal);
  // The same of a head that has not become a request, as far as it has come.
  void refuses_head(Connection& connection, uint32_t sequence, http::Refusal refusal, net::Slice head);
  // The same of a connection that has not come to its first request, and is told nothing.
  void refuses_connection(Connection& connection, http::Refusal refusal);
  void cuts_off(Connection& connection, http::Refusal refusal);
  // The connection ends, with whatever is unfinished. It may not have been observed.
  void ends(Connection& connection);
  void batch_is_delivered();

 private:
  Observed& begun(Connection& connection);
  ObservedRequest* find(Connection& connection, uint32_t sequence);
  ObservedRequest& add(Connection& connection, uint32_t sequence);
  uint64_t place_in_output(const Connection& connection) const;
  RequestEnd end_of(const Connection& connection, const ObservedRequest& request) const;
  void finish(const Connection& connection, ObservedRequest& request, RequestEnd end, uint64_t bytes_out);
  void belongs_to(Observed& observed, uint16_t number);
  void measure_end(Connection& connection, const ObservedRequest& request, RequestEnd end, uint64_t bytes_out,
                   uint64_t now_us);

  Reactor& reactor_;
  std::shared_ptr<RequestLog> log_;
  std::shared_ptr<Metrics> metrics_;
  std::shared_ptr<Measurements> measurements_;
  uint32_t requests_in_batch_ = 0;
};

}  // namespace brink::reactor
