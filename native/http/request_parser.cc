#include "http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "http/characters.h"
#include "http/request_rules.h"

namespace brink::http {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

}  // namespace

// What outlives a read: the bytes and spans of a head; how much has come of a body; or bytes of whole requests that
// nobody could take yet.
struct RequestParser::Unfinished {
  std::vector<char> bytes;
  bool bytes_are_unread = false;
  bool parse_again = false;  // the bytes are the begin of a method that llhttp does not know
  RequestHead head;
  uint64_t body_bytes = 0;
  uint64_t framing_bytes = 0;  // what came in the body's stage and was no body
  bool keep_alive = false;     // what the head said
  bool http_1_0 = false;
  std::string trailers;  // field lines
  uint32_t trailer_fields = 0;
};

// One call of parse().
struct RequestParser::Run {
  Run(RequestParser& parser, ParserScratch& scratch, RequestSink& sink)
      : parser(parser), head(scratch.head), known_heads(scratch.known_heads), sink(sink) {}

  // Whether nothing but whole empty lines stands between the last request, or the begin of the bytes, and a place.
  bool lines_are_empty_before(const char* at, bool* cr_waits) const {
    *cr_waits = !body_end && parser.cr_waits_;
    return are_empty_lines(body_end ? body_end : begin, at, !body_end && began_within_message, cr_waits);
  }

  RequestParser& parser;
  RequestHead& head;
  HeadMemory& known_heads;
  RequestSink& sink;
  const char* begin = nullptr;
  const char* end = nullptr;
  bool began_within_message = false;
  char* head_start = nullptr;
  char* body_start = nullptr;
  size_t body_size = 0;
  const char* body_end = nullptr;  // of the last piece, in the bytes as they arrived
  bool stands_in = false;          // llhttp is being given another method than the client's
  Refusal refusal = Refusal::none;
};

// The glue to llhttp. Its callbacks are C functions; llhttp_t::data is the run.
struct Callbacks {
  using Run = RequestParser::Run;
  using Stage = RequestParser::Stage;
  using Unfinished = RequestParser::Unfinished;

  static Run& run_of(llhttp_t* llhttp) { return *static_cast<Run*>(llhttp->data); }

  static int refuse(llhttp_t* llhttp, Refusal refusal) {
    run_of(llhttp).refusal = refusal;
    return HPE_USER;
  }

  static bool in_trailers(const llhttp_t* llhttp) { return (llhttp->flags & F_TRAILING) != 0; }

  // Adds a piece to a span. Pieces of one span follow each other directly, in whatever reads they came.
  static bool extend(const Run& run, Span& span, const char* at, size_t length) {
    size_t offset = static_cast<size_t>(at - run.head_start);
    if (offset + length > run.parser.limits_.header_bytes) return false;
    if (length == 0) return true;  // llhttp looks for an empty value behind the end of its line
    if (span.length == 0) span.offset = static_cast<uint16_t>(offset);
    span.length = static_cast<uint16_t>(span.length + length);
    return true;
  }

  static int on_message_begin(llhttp_t* llhttp) {
    Run& run = run_of(llhttp);
    run.head.clear();
    run.head_start = nullptr;
    run.body_start = nullptr;
    run.body_size = 0;
    run.parser.field_name_open_ = false;
    run.parser.method_is_unknown_ = run.stands_in;
    return 0;
  }

  static int on_method(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    if (run.parser.method_is_unknown_) return 0;
    if (!run.head_start) {
      bool cr_waits;
      if (!run.lines_are_empty_before(at, &cr_waits) || cr_waits) return refuse(llhttp, Refusal::INVALID_LINE_END);
      run.parser.cr_waits_ = false;
      run.head_start = const_cast<char*>(at);
      run.parser.stage_ = Stage::head;
    }
    return extend(run, run.head.method_name, at, length) ? 0 : refuse(llhttp, Refusal::INVALID_METHOD);
  }

  static int on_url(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    bool fits = run.head.target.length + length <= run.parser.limits_.target_bytes;
    return fits && extend(run, run.head.target, at, length) ? 0 : refuse(llhttp, Refusal::TARGET_TOO_LONG);
  }

  static int on_header_field(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    if (in_trailers(llhttp)) return on_trailer_name(run, llhttp, at, length);
    if (!run.parser.field_name_open_) {
      if (run.head.fields.size() >= run.parser.limits_.fields) return refuse(llhttp, Refusal::TOO_MANY_FIELDS);
      run.head.fields.emplace_back();
      run.parser.field_name_open_ = true;
    }
    return extend(run, run.head.fields.back().name, at, length) ? 0 : refuse(llhttp, Refusal::HEADER_TOO_LARGE);
  }

  static int on_header_field_complete(llhttp_t* llhttp) {
    RequestParser& parser = run_of(llhttp).parser;
    parser.field_name_open_ = false;
    if (!in_trailers(llhttp)) return 0;
    std::string& lines = parser.ensure_unfinished().trailers;
    if (lines.empty() || lines.back() == '\n') return refuse(llhttp, Refusal::INVALID_FIELD);
    lines += ": ";
    return 0;
  }

  static int on_trailer_name(Run& run, llhttp_t* llhttp, const char* at, size_t length) {
    RequestParser& parser = run.parser;
    Unfinished& unfinished = parser.ensure_unfinished();
    if (!parser.field_name_open_ && ++unfinished.trailer_fields > parser.limits_.fields) {
      return refuse(llhttp, Refusal::TOO_MANY_FIELDS);
    }
    parser.field_name_open_ = true;
    return add_to_trailers(llhttp, unfinished, at, length);
  }

  static int add_to_trailers(llhttp_t* llhttp, Unfinished& unfinished, const char* at, size_t length) {
    bool fits = unfinished.trailers.size() + length <= run_of(llhttp).parser.limits_.header_bytes;
    if (!fits) return refuse(llhttp, Refusal::HEADER_TOO_LARGE);
    unfinished.trailers.append(at, length);
    return 0;
  }

  static int on_header_value(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    if (in_trailers(llhttp)) return add_to_trailers(llhttp, run.parser.ensure_unfinished(), at, length);
    return extend(run, run.head.fields.back().value, at, length) ? 0 : refuse(llhttp, Refusal::HEADER_TOO_LARGE);
  }

  static int on_header_value_complete(llhttp_t* llhttp) {
    if (!in_trailers(llhttp)) return 0;
    std::string& lines = run_of(llhttp).parser.ensure_unfinished().trailers;
    while (!lines.empty() && (lines.back() == ' ' || lines.back() == '\t')) lines.pop_back();
    // An empty value has lost the space behind its colon.
    lines += lines.back() == ':' ? " \r\n" : "\r\n";
    return 0;
  }

  static int on_headers_complete(llhttp_t* llhttp) {
    Run& run = run_of(llhttp);
    RequestHead& head = run.head;
    trim_values(run);
    head.method = run.parser.method_is_unknown_ ? kUnknownMethod : llhttp->method;
    head.http_1_0 = llhttp->http_minor == 0;
    head.chunked = (llhttp->flags & F_CHUNKED) != 0;
    head.content_length = (llhttp->flags & F_CONTENT_LENGTH) != 0 ? llhttp->content_length : 0;
    // RFC 9112, 9.3: `close` counts whatever else there is.
    head.keep_alive = llhttp_should_keep_alive(llhttp) != 0 && (llhttp->flags & F_CONNECTION_CLOSE) == 0;
    // The version may be one that we do not speak; then nothing else in the head means what it seems to.
    if (llhttp->http_major != 1 || llhttp->http_minor > 1) {
      const char* after_target = run.head_start + head.target.offset + head.target.length;
      // The head is complete, so at least its empty line stands behind the target.
      run.refusal = *after_target == ' ' ? Refusal::UNSUPPORTED_VERSION : Refusal::MISSING_VERSION;
      return HPE_USER;
    }
    run.refusal = judge_head(run.head_start, head, (llhttp->flags & F_CONTENT_LENGTH) != 0);
    if (run.refusal != Refusal::none) return HPE_USER;
    if (head.content_length > run.parser.limits_.body_bytes) return refuse(llhttp, Refusal::BODY_TOO_LARGE);
    run.parser.stage_ = Stage::body;
    run.parser.extension_is_empty_ = true;
    run.parser.continue_wanted_ = head.expects_continue;
    // An upgrade is an offer; what nobody takes up is a plain request (RFC 9110, 7.8).
    head.offers_upgrade = llhttp->upgrade != 0 && !head.has_body() && !head.http_1_0;
    llhttp->upgrade = 0;
    return 0;
  }

  static int on_body(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    RequestParser& parser = run.parser;
    parser.continue_wanted_ = false;
    if (body_taken(run) + length > parser.limits_.body_bytes) return refuse(llhttp, Refusal::BODY_TOO_LARGE);
    // Chunks that came in one read are moved together over their framing, which is parsed and done with.
    if (!run.body_start) {
      run.body_start = const_cast<char*>(at);
    } else if (run.body_start + run.body_size != at) {
      std::memmove(run.body_start + run.body_size, at, length);
    }
    run.body_size += length;
    run.body_end = at + length;
    return 0;
  }

  static int on_message_complete(llhttp_t* llhttp) {
    Run& run = run_of(llhttp);
    RequestParser& parser = run.parser;
    parser.stage_ = Stage::between;
    parser.continue_wanted_ = false;
    Unfinished* unfinished = parser.unfinished_.get();
    if (run.head_start) {
      forget_trailers(llhttp, run.head.keep_alive, run.head.http_1_0);
    } else {
      forget_trailers(llhttp, unfinished->keep_alive, unfinished->http_1_0);
    }
    net::Slice body = {run.body_start, run.body_size}, trailers = {nullptr, 0};
    if (unfinished) trailers = {unfinished->trailers.data(), unfinished->trailers.size()};
    if (run.head_start && is_worth_remembering(run)) remember(run);
    bool more = run.head_start ? run.sink.on_request({run.head, head_bytes(run), body, trailers, true})
                               : run.sink.on_body(body, trailers, true);
    run.head_start = nullptr;
    parser.unfinished_.reset();
    return more ? 0 : HPE_PAUSED;
  }

  // What the bytes of the head alone decide, and nothing before or behind it.
  static bool is_worth_remembering(const Run& run) {
    const RequestHead& head = run.head;
    return !head.has_body() && !head.offers_upgrade && !run.parser.unfinished_ && head.method != kUnknownMethod;
  }

  static void remember(Run& run) {
    net::Slice head = head_bytes(run);
    // Behind the last value there may be white space.
    const char* last = head.data + head.size;
    const char* head_end = std::search(last, run.end, kEndOfHead.begin(), kEndOfHead.end());
    if (head_end == run.end) return;
    run.known_heads.remember(head.data, static_cast<size_t>(head_end - head.data) + kEndOfHead.size(), run.head);
  }

  static uint64_t body_taken(const Run& run) {
    const Unfinished* unfinished = run.parser.unfinished_.get();
    return run.body_size + (unfinished ? unfinished->body_bytes : 0);
  }

  static net::Slice head_bytes(const Run& run) { return {run.head_start, run.head.size()}; }

  static int on_chunk_header(llhttp_t* llhttp) {
    Run& run = run_of(llhttp);
    bool fits = llhttp->content_length <= run.parser.limits_.body_bytes - body_taken(run);
    return fits ? 0 : refuse(llhttp, Refusal::BODY_TOO_LARGE);
  }

  // RFC 9112, 7.1.1: neither the name nor the value of a chunk extension is empty, nor is there a DEL in it. llhttp
  // takes them so.
  static int on_extension(llhttp_t* llhttp, const char* at, size_t length) {
    if (!std::all_of(at, at + length, is_field_character)) return refuse(llhttp, Refusal::INVALID_CHUNK);
    if (length > 0) run_of(llhttp).parser.extension_is_empty_ = false;
    return 0;
  }
  static int on_extension_complete(llhttp_t* llhttp) {
    bool empty = std::exchange(run_of(llhttp).parser.extension_is_empty_, true);
    return empty ? refuse(llhttp, Refusal::INVALID_CHUNK) : 0;
  }

  // RFC 9110, 6.5.1: a trailer field says nothing of the connection, but llhttp lets it.
  static void forget_trailers(llhttp_t* llhttp, bool keep_alive, bool http_1_0) {
    llhttp->flags = static_cast<uint16_t>(keep_alive ? (llhttp->flags & ~F_CONNECTION_CLOSE)
                                                     : (llhttp->flags | F_CONNECTION_CLOSE));
    if (keep_alive && http_1_0) llhttp->flags |= F_CONNECTION_KEEP_ALIVE;
  }

  // llhttp leaves white space behind a value in it; RFC 9112, 5.1: it is no part of the value.
  static void trim_values(Run& run) {
    for (Field& field : run.head.fields) {
      const char* value = run.head_start + field.value.offset;
      while (field.value.length > 0) {
        char last = value[field.value.length - 1];
        if (last != ' ' && last != '\t') break;
        field.value.length--;
      }
    }
  }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t made = [] {
      llhttp_settings_t settings;
      llhttp_settings_init(&settings);
      settings.on_message_begin = on_message_begin;
      settings.on_method = on_method;
      settings.on_url = on_url;
      settings.on_header_field = on_header_field;
      settings.on_header_field_complete = on_header_field_complete;
      settings.on_header_value = on_header_value;
      settings.on_header_value_complete = on_header_value_complete;
      settings.on_headers_complete = on_headers_complete;
      settings.on_body = on_body;
      settings.on_message_complete = on_message_complete;
      settings.on_chunk_header = on_chunk_header;
      settings.on_chunk_extension_name = on_extension;
      settings.on_chunk_extension_name_complete = on_extension_complete;
      settings.on_chunk_extension_value = on_extension;
      settings.on_chunk_extension_value_complete = on_extension_complete;
      return settings;
    }();
    return made;
  }
};

RequestParser::RequestParser(const Limits& limits) : limits_(limits) {
  llhttp_init(&llhttp_, HTTP_REQUEST, &Callbacks::settings());
}

RequestParser::~RequestParser() = default;

size_t RequestParser::kept_bytes() const {
  return unfinished_ && stage_ != Stage::body ? unfinished_->bytes.size() : 0;
}

void RequestParser::restore(char* into) const {
  if (size_t size = kept_bytes()) std::memcpy(into, unfinished_->bytes.data(), size);
}

bool RequestParser::has_unread() const { return unfinished_ && unfinished_->bytes_are_unread; }

void RequestParser::forget_unread() { unfinished_.reset(); }

bool RequestParser::take_continue_wanted() { return std::exchange(continue_wanted_, false); }

Refusal RequestParser::parse(char* bytes, size_t size, ParserScratch& scratch, RequestSink& sink) {
  Run run(*this, scratch, sink);
  char* begin = bytes;
  if (unfinished_ && (unfinished_->bytes_are_unread || unfinished_->parse_again)) {
    begin = bytes - unfinished_->bytes.size();
    size += unfinished_->bytes.size();
    unfinished_.reset();
    stage_ = Stage::between;
  } else if (unfinished_ && stage_ == Stage::head) {
    run.head_start = bytes - unfinished_->bytes.size();
    std::swap(scratch.head, unfinished_->head);
    unfinished_.reset();
  }
  const char* end = begin + size;
  if (stage_ == Stage::between && !cr_waits_) {
    const char* rest = begin;
    bool goes_on = pass_known_heads(&rest, end, scratch, sink);
    begin += rest - begin;
    size = static_cast<size_t>(end - rest);
    if (!goes_on) keep_unread(rest, end);
    if (!goes_on || size == 0) return Refusal::none;
  }
  if (paused_) {
    llhttp_resume(&llhttp_);
    paused_ = false;
  }
  run.begin = begin;
  run.end = end;
  run.began_within_message = stage_ != Stage::between;
  llhttp_errno_t error = execute(run, begin, size);
  if (error == HPE_PAUSED) {
    paused_ = true;
    keep_unread(llhttp_get_error_pos(&llhttp_), end);
    return Refusal::none;
  }
  if (error != HPE_OK) {
    Refusal refusal = refusal_of(error, run, end);
    stage_ = Stage::refused;
    unfinished_.reset();
    return refusal;
  }
  Refusal refusal = stage_ == Stage::between ? judge_what_follows(run, end)
                    : stage_ == Stage::head  ? keep_head(run, end)
                                             : hand_over_body(run, end, size);
  if (refusal != Refusal::none) stage_ = Stage::refused;
  return refusal;
}

void RequestParser::keep_unread(const char* begin, const char* end) {
  if (begin == end) return;
  unfinished_ = std::make_unique<Unfinished>();
  unfinished_->bytes.assign(begin, end);
  unfinished_->bytes_are_unread = true;
}

// Behind the last request there may be the begin of an empty line.
Refusal RequestParser::judge_what_follows(Run& run, const char* end) {
  bool cr_waits;
  if (!run.lines_are_empty_before(end, &cr_waits)) return Refusal::INVALID_LINE_END;
  cr_waits_ = cr_waits;
  return Refusal::none;
}

llhttp_errno_t RequestParser::execute(Run& run, char* begin, size_t size) {
  llhttp_.data = &run;
  llhttp_errno_t error = llhttp_execute(&llhttp_, begin, size);
  while (error == HPE_INVALID_METHOD && go_on_with_unknown_method(run, begin, begin + size, &error)) {
  }
  llhttp_.data = nullptr;
  return error;
}

// llhttp ends at a method that it has no number for. A well-formed one is a request all the same, to be answered with
// 501 or 405, or by a route of that method: llhttp is given another method in its place, and then the rest.
bool RequestParser::go_on_with_unknown_method(Run& run, char* begin, char* end, llhttp_errno_t* error) {
  const char* least = run.head_start ? run.head_start : run.body_end ? run.body_end : begin;
  char* start = const_cast<char*>(llhttp_get_error_pos(&llhttp_));
  while (start > least && is_token_character(start[-1])) start--;
  bool cr_waits = false;
  if (!run.head_start && (!run.lines_are_empty_before(start, &cr_waits) || cr_waits)) {
    run.refusal = Refusal::INVALID_LINE_END;
    return false;
  }
  cr_waits_ = false;
  size_t length = 0;
  MethodShape shape = shape_of_method({start, static_cast<size_t>(end - start)}, &length);
  if (shape == MethodShape::too_long) run.refusal = Refusal::UNKNOWN_METHOD;
  if (shape == MethodShape::too_long || shape == MethodShape::malformed) return false;
  llhttp_init(&llhttp_, HTTP_REQUEST, &Callbacks::settings());
  llhttp_.data = &run;
  if (shape == MethodShape::incomplete) {
    stage_ = Stage::head;
    unfinished_ = std::make_unique<Unfinished>();
    unfinished_->bytes.assign(start, end);
    unfinished_->parse_again = true;
    *error = HPE_OK;
    return true;
  }
  constexpr std::string_view kStandIn = "GET";
  run.stands_in = true;
  llhttp_execute(&llhttp_, kStandIn.data(), kStandIn.size());
  run.stands_in = false;
  stage_ = Stage::head;
  run.head_start = start;
  run.head.method_name = {0, static_cast<uint16_t>(length)};
  *error = llhttp_execute(&llhttp_, start + length, static_cast<size_t>(end - start) - length);
  return true;
}

// Keeps what the next call needs of a head that is not complete, within the limits.
Refusal RequestParser::keep_head(Run& run, const char* end) {
  if (unfinished_ && unfinished_->parse_again) return Refusal::none;
  unfinished_ = std::make_unique<Unfinished>();
  std::vector<char>& bytes = unfinished_->bytes;
  bytes.assign(static_cast<const char*>(run.head_start), end);
  std::swap(unfinished_->head, run.head);
  // Line ends behind the last field do not count, as they do not in a head that comes in one piece.
  size_t size = bytes.size();
  while (size > 0 && (bytes[size - 1] == '\r' || bytes[size - 1] == '\n')) size--;
  return size <= limits_.header_bytes ? Refusal::none : Refusal::HEADER_TOO_LARGE;
}

// Hands on what has come of a body, with its head if that is new.
Refusal RequestParser::hand_over_body(Run& run, const char* end, size_t parsed) {
  Unfinished& unfinished = ensure_unfinished();
  if (run.head_start) {
    // Behind the last value there may be white space.
    net::Slice head = Callbacks::head_bytes(run);
    const char* body =
        std::search(head.data + head.size, end, kEndOfHead.begin(), kEndOfHead.end()) + kEndOfHead.size();
    parsed = static_cast<size_t>(end - body);
    unfinished.keep_alive = run.head.keep_alive;
    unfinished.http_1_0 = run.head.http_1_0;
  }
  unfinished.framing_bytes += parsed - run.body_size;
  unfinished.body_bytes += run.body_size;
  // Chunks of one byte are slow but honest; sizes, extensions and trailers without end are not.
  uint64_t most = limits_.chunk_overhead_bytes + 8 * unfinished.body_bytes;
  if (unfinished.framing_bytes > most) return Refusal::CHUNK_OVERHEAD_TOO_LARGE;
  net::Slice came = {run.body_start, run.body_size};
  if (run.head_start) {
    run.sink.on_request({run.head, Callbacks::head_bytes(run), came, {nullptr, 0}, false});
  } else if (came.size > 0) {
    run.sink.on_body(came, {nullptr, 0}, false);
  }
  return Refusal::none;
}

RequestParser::Unfinished& RequestParser::ensure_unfinished() {
  if (!unfinished_) unfinished_ = std::make_unique<Unfinished>();
  return *unfinished_;
}

bool RequestParser::knows_body_left(uint64_t* left) const {
  *left = llhttp_.content_length;
  return (llhttp_.flags & F_CHUNKED) == 0;
}

Refusal RequestParser::refusal_of(llhttp_errno_t error, const Run& run, const char* end) const {
  if (run.refusal != Refusal::none) return run.refusal;
  bool in_head = run.head_start && !Callbacks::in_trailers(&llhttp_);
  switch (error) {
    case HPE_INVALID_METHOD:
      return Refusal::INVALID_METHOD;
    case HPE_INVALID_VERSION:
      return judge_version(run.head_start + run.head.target.offset + run.head.target.length, end);
    case HPE_PAUSED_H2_UPGRADE:
      return Refusal::UNSUPPORTED_VERSION;
    case HPE_INVALID_URL:
      return Refusal::INVALID_TARGET;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
      if (in_head) return judge_framing(run.head_start, run.head, llhttp_.http_minor == 0);
      return error == HPE_INVALID_TRANSFER_ENCODING ? Refusal::INVALID_TRANSFER_ENCODING
                                                    : Refusal::INVALID_CONTENT_LENGTH;
    case HPE_INVALID_CHUNK_SIZE:
      return Refusal::INVALID_CHUNK;
    case HPE_INVALID_HEADER_TOKEN:
      return Refusal::INVALID_FIELD;
    default:
      return Refusal::INVALID_REQUEST;
  }
}

}  // namespace brink::http
