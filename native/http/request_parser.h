// Reads requests out of the bytes of one connection: llhttp's state, and what had to be kept of a head that is not
// complete yet. Bodies are not kept: what has come of one is handed on with each read. An idle connection keeps no
// bytes. Owned by one connection, used on its reactor's thread.
//
// llhttp is fed each byte once. The bytes of an unfinished head are kept, and laid directly before the next ones that
// arrive, so that a head is always in one piece when it is judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "http/head_memory.h"
#include "http/limits.h"
#include "http/refusal.h"
#include "http/request_head.h"
#include "llhttp.h"

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
};

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser();

  // Bytes that must stand directly before the next ones: those of an unfinished head, or (see has_unread) of requests
  // that nobody could take yet. restore() writes them.
  size_t kept_bytes() const;
  void restore(char* into) const;

  // True when there are bytes to parse without reading any: parse(at + kept_bytes(), 0) goes on with them.
  bool has_unread() const;
  void forget_unread();

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

 private:
  enum class Stage : uint8_t { between, head, body, refused };
  struct Unfinished;
  struct Run;
  friend struct Callbacks;

  bool pass_known_heads(const char** begin, const char* end, ParserScratch& scratch, RequestSink& sink);
  HeadMemory::Fields* fields_known_behind_line(const char* begin, const char* end, ParserScratch& scratch) const;
  void keep_unread(const char* begin, const char* end);
  Unfinished& ensure_unfinished();
  llhttp_errno_t execute(Run& run, char* begin, size_t size);
  bool go_on_with_unknown_method(Run& run, char* begin, char* end, llhttp_errno_t* error);
  Refusal judge_what_follows(Run& run, const char* end);
  Refusal keep_head(Run& run, const char* end);
  Refusal hand_over_body(Run& run, const char* end, size_t parsed);
  Refusal refusal_of(llhttp_errno_t error, const Run& run, const char* end) const;

  llhttp_t llhttp_;
  const Limits& limits_;
  std::unique_ptr<Unfinished> unfinished_;
  Stage stage_ = Stage::between;
  bool field_name_open_ = false;
  bool paused_ = false;
  bool continue_wanted_ = false;
  bool method_is_unknown_ = false;
  bool extension_is_empty_ = false;  // the name or the value of a chunk extension, so far
  bool cr_waits_ = false;            // an empty line before a request has begun
};

}  // namespace brink::http
