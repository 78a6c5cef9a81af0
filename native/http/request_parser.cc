#include "http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/characters.h"
#include "http/request_rules.h"

namespace brink::http {

// What outlives a read: the head's bytes and spans, the body gathered so far; or bytes of whole requests that nobody
// could take yet.
struct RequestParser::Unfinished {
  std::vector<char> bytes;
  bool bytes_are_unread = false;
  bool parse_again = false;  // the bytes are the begin of a method that llhttp does not know
  RequestHead head;
  std::vector<char> body;
  uint64_t framing_bytes = 0;  // what came in the body's stage and was no body
};

// One call of parse().
struct RequestParser::Run {
  Run(RequestParser& parser, RequestHead& head, RequestSink& sink) : parser(parser), head(head), sink(sink) {}

  // Whether nothing but whole empty lines stands between the last request, or the begin of the bytes, and a place.
  bool lines_are_empty_before(const char* at, bool* cr_waits) const {
    *cr_waits = !body_end && parser.cr_waits_;
    return are_empty_lines(body_end ? body_end : begin, at, !body_end && began_within_message, cr_waits);
  }

  RequestParser& parser;
  RequestHead& head;
  RequestSink& sink;
  const char* begin = nullptr;
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
    if (in_trailers(llhttp)) return 0;
    if (!run.parser.field_name_open_) {
      if (run.head.fields.size() >= run.parser.limits_.fields) return refuse(llhttp, Refusal::TOO_MANY_FIELDS);
      run.head.fields.emplace_back();
      run.parser.field_name_open_ = true;
    }
    return extend(run, run.head.fields.back().name, at, length) ? 0 : refuse(llhttp, Refusal::HEADER_TOO_LARGE);
  }

  static int on_header_field_complete(llhttp_t* llhttp) {
    run_of(llhttp).parser.field_name_open_ = false;
    return 0;
  }

  static int on_header_value(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    if (in_trailers(llhttp)) return 0;
    return extend(run, run.head.fields.back().value, at, length) ? 0 : refuse(llhttp, Refusal::HEADER_TOO_LARGE);
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
    llhttp->upgrade = 0;
    return 0;
  }

  static int on_body(llhttp_t* llhttp, const char* at, size_t length) {
    Run& run = run_of(llhttp);
    RequestParser& parser = run.parser;
    parser.continue_wanted_ = false;
    auto* unfinished = parser.unfinished_.get();
    uint64_t taken = run.body_size + (unfinished ? unfinished->body.size() : 0);
    if (taken + length > parser.limits_.body_bytes) return refuse(llhttp, Refusal::BODY_TOO_LARGE);
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
    forget_trailers(llhttp, run.head_start ? run.head : parser.unfinished_->head);
    bool more = hand_over(run);
    run.head_start = nullptr;
    parser.unfinished_.reset();
    return more ? 0 : HPE_PAUSED;
  }

  static int on_chunk_header(llhttp_t* llhttp) {
    Run& run = run_of(llhttp);
    auto* unfinished = run.parser.unfinished_.get();
    uint64_t taken = run.body_size + (unfinished ? unfinished->body.size() : 0);
    bool fits = llhttp->content_length <= run.parser.limits_.body_bytes - taken;
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
  static void forget_trailers(llhttp_t* llhttp, const RequestHead& head) {
    llhttp->flags = static_cast<uint16_t>(head.keep_alive ? (llhttp->flags & ~F_CONNECTION_CLOSE)
                                                          : (llhttp->flags | F_CONNECTION_CLOSE));
    if (head.keep_alive && head.http_1_0) llhttp->flags |= F_CONNECTION_KEEP_ALIVE;
  }

  static bool hand_over(Run& run) {
    if (run.head_start) {
      net::Slice head = {run.head_start, head_size(run.head)};
      return run.sink.on_request({run.head, head, {run.body_start, run.body_size}, nullptr});
    }
    // The head came in an earlier read: the whole request is gathered.
    Unfinished* unfinished = run.parser.unfinished_.get();
    gather(run, *unfinished);
    net::Slice head = {unfinished->bytes.data(), unfinished->bytes.size()};
    net::Slice body = {unfinished->body.data(), unfinished->body.size()};
    return run.sink.on_request({unfinished->head, head, body, &unfinished->body});
  }

  using Unfinished = RequestParser::Unfinished;

  static void gather(Run& run, Unfinished& unfinished) {
    if (run.body_size == 0) return;
    unfinished.body.insert(unfinished.body.end(), run.body_start, run.body_start + run.body_size);
    run.body_start = nullptr;
    run.body_size = 0;
  }

  // The head's bytes up to its last field; what follows is line ends.
  static size_t head_size(const RequestHead& head) {
    size_t end = static_cast<size_t>(head.target.offset) + head.target.length;
    if (head.fields.empty()) return end;
    const Field& last = head.fields.back();
    end = std::max<size_t>(end, static_cast<size_t>(last.name.offset) + last.name.length);
    return std::max<size_t>(end, static_cast<size_t>(last.value.offset) + last.value.length);
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

bool RequestParser::take_continue_wanted() { return std::exchange(continue_wanted_, false); }

Refusal RequestParser::parse(char* bytes, size_t size, ParserScratch& scratch, RequestSink& sink) {
  Run run(*this, scratch.head, sink);
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
  if (paused_) {
    llhttp_resume(&llhttp_);
    paused_ = false;
  }
  run.begin = begin;
  run.began_within_message = stage_ != Stage::between;
  llhttp_errno_t error = execute(run, begin, size);
  const char* end = begin + size;

  if (error == HPE_PAUSED) {
    paused_ = true;
    const char* rest = llhttp_get_error_pos(&llhttp_);
    if (rest < end) {
      unfinished_ = std::make_unique<Unfinished>();
      unfinished_->bytes.assign(rest, end);
      unfinished_->bytes_are_unread = true;
    }
    return Refusal::none;
  }
  if (error != HPE_OK) {
    Refusal refusal = refusal_of(error, run, end);
    stage_ = Stage::refused;
    unfinished_.reset();
    return refusal;
  }
  Refusal refusal = stage_ == Stage::between ? judge_what_follows(run, end) : keep(run, end, size);
  if (refusal != Refusal::none) stage_ = Stage::refused;
  return refusal;
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

// Keeps what the next call needs of a message that is not complete, within the limits.
Refusal RequestParser::keep(Run& run, const char* end, size_t parsed) {
  bool goes_on = unfinished_ != nullptr;
  if (goes_on && unfinished_->parse_again) return Refusal::none;
  if (!goes_on && stage_ == Stage::body) {
    // Behind the last value there may be white space.
    constexpr std::string_view kEndOfHead = "\r\n\r\n";
    const char* last = run.head_start + Callbacks::head_size(run.head);
    const char* head_end = std::search(last, end, kEndOfHead.begin(), kEndOfHead.end()) + kEndOfHead.size();
    parsed = static_cast<size_t>(end - head_end);
  }
  if (!goes_on) {
    unfinished_ = std::make_unique<Unfinished>();
    const char* head_end = stage_ == Stage::head ? end : run.head_start + Callbacks::head_size(run.head);
    unfinished_->bytes.assign(static_cast<const char*>(run.head_start), head_end);
    std::swap(unfinished_->head, run.head);
  }
  if (stage_ == Stage::head) {
    // Line ends behind the last field do not count, as they do not in a head that comes in one piece.
    size_t size = unfinished_->bytes.size();
    while (size > 0 && (unfinished_->bytes[size - 1] == '\r' || unfinished_->bytes[size - 1] == '\n')) size--;
    bool fits = size <= limits_.header_bytes;
    return fits ? Refusal::none : Refusal::HEADER_TOO_LARGE;
  }
  unfinished_->framing_bytes += parsed - run.body_size;
  Callbacks::gather(run, *unfinished_);
  // Chunks of one byte are slow but honest; sizes, extensions and trailers without end are not.
  uint64_t most = limits_.chunk_overhead_bytes + 8 * static_cast<uint64_t>(unfinished_->body.size());
  return unfinished_->framing_bytes <= most ? Refusal::none : Refusal::CHUNK_OVERHEAD_TOO_LARGE;
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
