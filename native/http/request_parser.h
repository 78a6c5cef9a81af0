// Reads requests out of the bytes of one connection, in three parts: HeadBytes finds a whole head, parse_head says what
// it means, and BodyDecoder takes the body. In front of them stands what a reactor remembers of heads that came before.
// Bodies are not kept: what has come of one is handed on with each read. An idle connection keeps no bytes. Owned by
// one connection, used on its reactor's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/body_decoder.h"
#include "http/head_bytes.h"
#include "http/head_memory.h"
#include "http/host_rule.h"
#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"

namespace brink::http {

// A request whose head is complete. The pointers hold during the call that hands it over.
struct Request {
  const RequestHead& head;
  net::Slice head_bytes;
  net::Slice body;      // all of it, or what has come
  net::Slice trailers;  // field lines
  bool complete;
  HeadMemory::Head* known = nullptr;           // the same head as before
  HeadMemory::Fields* known_fields = nullptr;  // or the same fields, at least
};

// Takes what the parser finds.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  // False when no more requests can be taken for now: parsing stops behind this one, if it is complete. Behind the
  // connection's last one none is taken ever.
  virtual bool on_request(const Request& request) = 0;
  // More of the body of a request that was not complete; what is told counts for the last piece.
  virtual bool on_body(net::Slice bytes, net::Slice trailers, bool is_last) = 0;
};

// What a reactor lends to its parsers, one at a time: memory that would otherwise be each connection's own.
struct ParserScratch {
  RequestHead head;
  HeadMemory known_heads;
  std::string refused;  // the begin of the head that was refused last
  // Of the connection whose turn it is, or null. What is known of heads says nothing of it.
  const HostRule* host_rule = nullptr;
};

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits) : limits_(limits) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Bytes that must stand directly before the next ones: those of requests that nobody could take yet (see has_unread).
  // restore() writes them.
  size_t kept_bytes() const { return unread_ ? unread_->size() : 0; }
  void restore(char* into) const;

  // True when there are bytes to parse without reading any: parse(at + kept_bytes(), 0) goes on with them.
  bool has_unread() const { return unread_ != nullptr; }
  void forget_unread() { unread_.reset(); }
  // What comes from now on is none of HTTP: what was kept of a head is unread, and there is no body.
  void leave_http();

  // Parses `size` new bytes; the kept ones stand before them. Bodies may be moved together in place.
  Refusal parse(char* bytes, size_t size, ParserScratch& scratch, RequestSink& sink);

  // A message has begun and is not complete.
  bool in_message() const { return stage_ != Stage::between; }
  bool in_body() const { return stage_ == Stage::body; }
  // The client waits for "100 Continue" before it sends the body; asked for once.
  bool wants_continue() const { return continue_wanted_; }
  bool take_continue_wanted();
  // How much of the body is still to come; false when only its end will tell.
  bool knows_body_left(uint64_t* left) const;
  // What has come of a head that is not complete.
  net::Slice kept_head() const { return head_.kept(); }
  // The request that was refused, or whose head has not come to its end, is a HEAD: its answer has no content.
  bool asks_for_head() const;

 private:
  enum class Stage : uint8_t { between, head, body, refused };

  Refusal take_request(char** at, char* end, ParserScratch& scratch, RequestSink& sink, bool* takes_more);
  Refusal take_body(char** at, char* end, RequestSink& sink, bool* takes_more);
  Refusal begin_body(char** at, char* end, net::Slice head_bytes, ParserScratch& scratch, RequestSink& sink,
                     bool* takes_more);
  bool pass_known_heads(char** at, const char* end, ParserScratch& scratch, RequestSink& sink);
  bool pass_known_head(net::Slice bytes, ParserScratch& scratch, RequestSink& sink, bool* takes_more);
  HeadMemory::Fields* fields_known_behind_line(const char* begin, const char* end, ParserScratch& scratch) const;
  Refusal refuse(Refusal refusal, net::Slice head_bytes);
  Refusal refuse_head(Refusal refusal, net::Slice head_bytes, ParserScratch& scratch);
  void keep_unread(const char* begin, const char* end);

  const Limits& limits_;
  HeadBytes head_;
  std::unique_ptr<BodyDecoder> body_;          // of one that did not come with its head
  std::unique_ptr<std::vector<char>> unread_;  // requests that nobody could take yet
  Stage stage_ = Stage::between;
  bool continue_wanted_ = false;
  bool refused_head_ = false;  // what was refused is a HEAD
};

}  // namespace brink::http
