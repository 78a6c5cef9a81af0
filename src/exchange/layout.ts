// The layout of the exchange: the position of each integer of an event or a reply. This is its only definition: the
// build generates native/generated/layout.h from this file, and the addon reports the layout that it was built for.
//
// A block is memory that one side fills and the other reads: first words (32-bit integers), then bytes. The native side
// fills blocks with events, JavaScript fills blocks with replies. A span word holds an offset in its low half and a
// length in its high half. Both are in bytes, and the offset counts from the first byte of the request's head.

/** The number of words of a block, and the offset of its bytes, in bytes. */
export const BLOCK_WORDS = 65536
export const BLOCK_BYTES_AT = 262144
/** The number of bytes of a block, after its words. */
export const BLOCK_BYTES = 524288

/** Every event begins with its kind, its length in words, and its connection, if it has one. */
export const EVENT_KIND = 0
export const EVENT_WORDS = 1
export const EVENT_SLOT = 2
export const EVENT_GENERATION = 3

/** A request with its whole body, or (FLAG_BODY_FOLLOWS) with the part that has arrived. */
export const EVENT_REQUEST = 1

/** A notice for the operator of the server. Each notice is sent once. */
export const EVENT_NOTICE = 2
export const NOTICE_CODE = 4
export const NOTICE_WORDS = 5
/** The poller cannot watch more connections. More are answered with 503. */
export const NOTICE_POLLER_FULL = 1

/** A client was refused, or cut off. */
export const EVENT_CLIENT_ERROR = 3
export const CLIENT_ERROR_REFUSAL = 4
/** The number of errors since the last event that were not reported. */
export const CLIENT_ERROR_UNTOLD = 5
export const CLIENT_ERROR_ADDRESS = 6
export const CLIENT_ERROR_PORT = 10
export const CLIENT_ERROR_FLAGS = 11
/** Why, in OpenSSL's words, in the block's bytes; or nothing. */
export const CLIENT_ERROR_REASON_OFFSET = 12
export const CLIENT_ERROR_REASON_LENGTH = 13
export const CLIENT_ERROR_WORDS = 14
export const MOST_OF_REASON = 256

/** More of a request's body, or bytes of a connection that was handed over. */
export const EVENT_BODY = 4
export const BODY_SEQUENCE = 4
export const BODY_FLAGS = 5
export const BODY_OFFSET = 6
export const BODY_LENGTH = 7
/** With BODY_END: the trailer section in the block's bytes, `name: value CRLF` each. */
export const BODY_TRAILERS_OFFSET = 8
export const BODY_TRAILERS_LENGTH = 9
/** With BODY_FAILED: the number of the refusal. */
export const BODY_REFUSAL = 10
export const BODY_WORDS = 11
/** Flags of a piece of a body: it is the last one, or the body will never be complete. */
export const BODY_END = 1
export const BODY_FAILED = 2

/** A client has disconnected or half-closed while it had unanswered requests. */
export const EVENT_GONE = 5
/** Not 0: the client has closed only its sending side, and may still read responses. */
export const GONE_HALF = 4
export const GONE_WORDS = 5

/** A streamed response with FLAG_CHUNK_ASKS may continue. */
export const EVENT_DRAINED = 6
export const DRAINED_SEQUENCE = 4
export const DRAINED_WORDS = 5

/** Memory that was lent for the body of a response was detached or resized. The response is aborted. */
export const EVENT_BODY_CHANGED = 7
export const BODY_CHANGED_WORDS = 4

/** A connection was accepted. It is the first event of the connection. Only with `tellsConnections`. */
export const EVENT_OPENED = 8
/** The address of the peer as 16 bytes (IPv4 in IPv4-mapped form) and its port, then the same of this end. */
export const OPENED_ADDRESS = 4
export const OPENED_PORT = 8
export const OPENED_LOCAL_ADDRESS = 9
export const OPENED_LOCAL_PORT = 13
/** FLAG_IPV4 applies to both addresses. OPENED_UNIX: there are no addresses. */
export const OPENED_FLAGS = 14
export const OPENED_UNIX = 1
export const OPENED_WORDS = 15

/** A connection with an EVENT_OPENED has ended. It is the last event of the connection. */
export const EVENT_CLOSED = 9
export const CLOSED_CAUSE = 4
export const CLOSED_WORDS = 5
/** The cause: the client has ended it, or both sides have; it broke; a deadline has passed; this side has ended it. */
export const CLOSED_BY_CLIENT = 0
export const CLOSED_BY_RESET = 1
export const CLOSED_BY_TIMEOUT = 2
export const CLOSED_BY_SERVER = 3

/** A connection above the limit was closed. Its addresses are stored as in EVENT_OPENED. */
export const EVENT_DROPPED = 10

/**
 * A client is refused, and the app chooses the last response. The connection waits for REPLY_END_CONNECTION, at most
 * for `halfCloseTimeout`, and is not read any more. Only with `asksAboutRefusals`.
 */
export const EVENT_REFUSED = 11
/** The number of the refusal; 0 when the client has half-closed within a message. */
export const REFUSED_WHY = 4
/** The last received bytes, in the block's bytes, at most MOST_OF_PACKET; none when a deadline has passed. */
export const REFUSED_OFFSET = 5
export const REFUSED_LENGTH = 6
export const REFUSED_WORDS = 7
export const MOST_OF_PACKET = 16384

/** The handshake of a connection with TLS is over. It comes before the first request of the connection. */
export const EVENT_SECURED = 16
export const SECURED_FLAGS = 4
/** Flags: a session was resumed; the client has a certificate that is trusted. */
export const SECURED_RESUMED = 1
export const SECURED_AUTHORIZED = 2
/**
 * In the block's bytes: the version, the cipher, the server name, why the certificate is not trusted, and the protocol,
 * with a zero between them.
 */
export const SECURED_TEXT_OFFSET = 5
export const SECURED_TEXT_LENGTH = 6
/** The certificate of the client, DER; nothing when it has none. */
export const SECURED_CERTIFICATE_OFFSET = 7
export const SECURED_CERTIFICATE_LENGTH = 8
export const SECURED_WORDS = 9

export const REQUEST_SEQUENCE = 4
/**
 * llhttp's number of the method in the low byte, 255 for an unknown one. The bits above hold the length of its name.
 */
export const REQUEST_METHOD = 5
export const REQUEST_FLAGS = 6
/** The head: its offset from the start of the block's bytes, and its length in bytes. */
export const REQUEST_HEAD_OFFSET = 7
export const REQUEST_HEAD_LENGTH = 8
export const REQUEST_TARGET = 9
/** The body, or the part that has arrived, in the block's bytes. */
export const REQUEST_BODY_OFFSET = 10
export const REQUEST_BODY_LENGTH = 11
/** The address of the peer as 16 bytes (IPv4 in IPv4-mapped form), and its port. */
export const REQUEST_ADDRESS = 12
export const REQUEST_PORT = 16
export const REQUEST_FIELD_COUNT = 17
/** The Content-Length of the request, low and high half; 0 for a chunked body. */
export const REQUEST_ANNOUNCED_LOW = 18
export const REQUEST_ANNOUNCED_HIGH = 19
/** The trailer section in the block's bytes. */
export const REQUEST_TRAILERS_OFFSET = 20
export const REQUEST_TRAILERS_LENGTH = 21
/** The number of its head, if a head of the same bytes came before; otherwise 0. See FLAG_NEWLY_KNOWN. */
export const REQUEST_KNOWN = 22
/** If that is 0: the number of its fields, if fields of the same bytes came before with another target; otherwise 0. */
export const REQUEST_KNOWN_FIELDS = 23
/** Two span words for each field: its name and its value. */
export const REQUEST_FIELDS = 24
/**
 * With FLAG_ANNOUNCED, after the last field: the address and the port of the peer. REQUEST_ADDRESS and REQUEST_PORT are
 * then those that it has named in a header of the PROXY protocol.
 */
export const PEER_ADDRESS = 0
export const PEER_PORT = 4
export const PEER_WORDS = 5

/** Flags of a request. */
export const FLAG_BODY_FOLLOWS = 1
export const FLAG_HTTP_1_0 = 2
export const FLAG_IPV4 = 4
export const FLAG_BODY = 8
/**
 * The client offers an upgrade, and waits for the response. With `takesAnyUpgrade`, a request with a body comes without
 * it (FLAG_BODY_FOLLOWS): the bytes after the head are a body if REPLY_READ or a response declines the offer.
 */
export const FLAG_UPGRADE = 16
/** The client waits for `100 Continue` before it sends its body. */
export const FLAG_EXPECTS_CONTINUE = 32

/** From now on, the number stands for this head, or for these fields. It may have stood for others before. */
export const FLAG_NEWLY_KNOWN = 64
/** The client asks to close the connection after the response, or speaks HTTP/1.0 without keep-alive. */
export const FLAG_CLOSES = 128
/** The body comes in chunks. */
export const FLAG_CHUNKED = 256
/** It expects something other than `100-continue`. Only with `ownsExpectations`. */
export const FLAG_EXPECTS_OTHER = 512
/** The peer has announced the connection of a client of its own. FLAG_PEER_IPV4 applies to the peer's address. */
export const FLAG_ANNOUNCED = 1024
export const FLAG_PEER_IPV4 = 2048
/** The peer has sent a header of the PROXY protocol that names no client. */
export const FLAG_CLIENT_UNKNOWN = 4096

/** The connection has TLS: an EVENT_SECURED came before. */
export const FLAG_SECURE = 8192

/** Bytes of a body that arrive without REPLY_READ. */
export const BODY_WINDOW = 65536

/** The first word of a block of replies: the offset of their end, in words. The replies begin after it. */
export const REPLIES_END = 0
export const REPLIES_FIRST = 1

export const REPLY_KIND = 0
export const REPLY_SLOT = 1
export const REPLY_GENERATION = 2
export const REPLY_SEQUENCE = 3
/** The status in the low half; in the high half the number of the route, as `Dispatcher.routes` counts, or 0. */
export const REPLY_STATUS = 4
export const REPLY_FLAGS = 5
/** Field lines in the block's bytes, `name: value CRLF` each. */
export const REPLY_FIELDS_OFFSET = 6
export const REPLY_FIELDS_LENGTH = 7
/** The body in the block's bytes. With FLAG_REPLY_BODY_BY_REFERENCE: the number that `lend` returned. */
export const REPLY_BODY_OFFSET = 8
export const REPLY_BODY_LENGTH = 9
export const REPLY_WORDS = 10

/** A whole response, or (FLAG_REPLY_STREAM) its head, and the body follows. */
export const REPLY_ANSWER = 1
/** A piece of a streamed body, or its end. */
export const REPLY_CHUNK = 2
/** A streamed body cannot be completed. The connection is closed, so that the client notices. */
export const REPLY_ABORT = 3
/** Asks for REPLY_BODY_LENGTH more bytes of the request's body. */
export const REPLY_READ = 4
/**
 * Hands the connection over: received bytes are reported as pieces of a body, and chunks are sent as they are. With
 * `takesAnyUpgrade`, the last reported request may be taken over without an offer, and an open raw response to it
 * continues as the sent bytes.
 */
export const REPLY_TAKE_OVER = 5
/** Deadlines of this request, in milliseconds; 0 for the server's. */
export const REPLY_DEADLINES = 6
export const DEADLINES_REQUEST = 4
export const DEADLINES_WRITE = 5
/** Bytes per second, plus 1; 0 for the server's rate. */
export const DEADLINES_RATE = 6
/**
 * Ends the connection, even with unanswered requests. REPLY_STATUS is one of END_*. The fields and the body are raw
 * bytes, which are sent before the end. The sequence only says which request the number of a route is for.
 */
export const REPLY_END_CONNECTION = 7
/** In order: after the bytes that were written before. */
export const END_IN_ORDER = 0
/** At once: bytes that the socket does not take now are discarded. */
export const END_AT_ONCE = 1
/** At once, by a reset. */
export const END_BY_RESET = 2

/** Flags of a reply. The lowest four bits are the number of a content type that the native side writes; 0 for none. */
export const CONTENT_TYPE_MASK = 15
export const CONTENT_TYPE_TEXT = 1
export const CONTENT_TYPE_JSON = 2
export const CONTENT_TYPE_BYTES = 3
export const CONTENT_TYPE_HTML = 4
export const FLAG_REPLY_BODY_BY_REFERENCE = 16
export const FLAG_REPLY_CLOSE = 32
/** The fields contain a Date. */
export const FLAG_REPLY_DATED = 64
/**
 * For HEAD and 304: the response has a Content-Length but no body. The length is stored in place of the body: its high
 * half as the offset, its low half as the length.
 */
export const FLAG_REPLY_LENGTH_ONLY = 128
/** The body follows in chunks. */
export const FLAG_REPLY_STREAM = 256
/** The length of the stream is known, and is stored as with FLAG_REPLY_LENGTH_ONLY. */
export const FLAG_REPLY_SIZED = 512
/**
 * Flags of a chunk: it is the last, and its fields are trailers; or EVENT_DRAINED is wanted when there is room for
 * more.
 */
export const FLAG_CHUNK_END = 1024
export const FLAG_CHUNK_ASKS = 2048
/**
 * A raw response: its fields and then its body are sent as they are, with head and framing, and so are its chunks. The
 * native side only keeps the order of responses. FLAG_REPLY_CLOSE closes the connection after it, and may be set on its
 * last chunk. With FLAG_REPLY_STREAM, FLAG_CHUNK_ASKS may be set on the response itself. On a chunk: its fields are raw
 * bytes, not trailers. It must belong to a raw response, or to a connection that was handed over.
 */
export const FLAG_REPLY_RAW = 4096
/** With FLAG_REPLY_STREAM: the app has given the whole body, which crosses in pieces. */
export const FLAG_REPLY_WHOLE = 8192

/**
 * What `takeLogged` writes: how many requests were left out since the last call, because nobody took them in time; the
 * time by the native side's clock, in microseconds; and the end of the records, in words, which begin at LOG_FIRST.
 * `LogLines.write` writes those from LOG_AT on, moves that behind them, and says how many they are.
 */
export const LOG_LOST = 0
export const LOG_NOW_LOW = 1
export const LOG_NOW_HIGH = 2
export const LOG_END = 3
export const LOG_AT = 4
export const LOG_LINES = 5
export const LOG_FIRST = 6

/** A request that has ended, with its texts behind it. Their spans count from the end of these words. */
export const LOGGED_SIZE = 0
export const LOGGED_SLOT = 1
export const LOGGED_GENERATION = 2
export const LOGGED_SEQUENCE = 3
/** The status in the low half, 0 when no answer was begun; the number of the route in the high half. */
export const LOGGED_STATUS = 4
/** llhttp's number of the method, 255 for another one; then what ended the request, and the number of its refusal. */
export const LOGGED_METHOD = 5
export const LOGGED_ENDED = 6
export const LOGGED_REFUSAL = 7
export const LOGGED_FLAGS = 8
/** Bytes received of its head and its body, and sent for its answer. */
export const LOGGED_IN_LOW = 9
export const LOGGED_IN_HIGH = 10
export const LOGGED_OUT_LOW = 11
export const LOGGED_OUT_HIGH = 12
/** When its first byte came, in microseconds by the native side's clock. */
export const LOGGED_BEGAN_LOW = 13
export const LOGGED_BEGAN_HIGH = 14
/** Microseconds from its first byte to its end. */
export const LOGGED_DURATION_LOW = 15
export const LOGGED_DURATION_HIGH = 16
/** The same from its last byte; all ones when that has not come. */
export const LOGGED_WAIT_LOW = 17
export const LOGGED_WAIT_HIGH = 18
/** The client and the peer, as in a request. They differ only with FLAG_ANNOUNCED. */
export const LOGGED_ADDRESS = 19
export const LOGGED_PORT = 23
export const LOGGED_PEER_ADDRESS = 24
export const LOGGED_PEER_PORT = 28
/** Spans of the name of the method, if it has no number, and of the target. */
export const LOGGED_METHOD_NAME = 29
export const LOGGED_TARGET = 30
/** The version of HTTP, its first digit in the second byte: 0 when the request line was not understood. */
export const LOGGED_VERSION = 31
/** Spans of the fields that the settings have named, in their order: the referer, the user agent, traceparent, others. */
export const LOGGED_FIELDS = 32
export const LOGGED_REFERER = 32
export const LOGGED_USER_AGENT = 33
export const LOGGED_TRACEPARENT = 34
export const MOST_LOGGED_FIELDS = 12
export const LOGGED_WORDS = 44

/** Flags of a logged request, besides FLAG_IPV4, FLAG_ANNOUNCED, FLAG_PEER_IPV4, FLAG_CLIENT_UNKNOWN. */
/** The field traceparent is valid, and has a trace id at its usual place. */
export const FLAG_LOGGED_TRACED = 1
/** No request at all: the connection was refused before it. */
export const FLAG_LOGGED_NONE = 8

/** All its texts are printable ASCII, without quotes and backslashes. */
export const FLAG_LOGGED_PLAIN = 16

/** What ended a request: the last byte of its answer was taken, */
export const ENDED_ANSWERED = 0
/** the client has gone before, */
export const ENDED_GONE = 1
/** a deadline has passed, */
export const ENDED_TIMEOUT = 2
/** the server has refused it, and has said so, */
export const ENDED_REFUSED = 3
/** the app has broken it off, */
export const ENDED_ABORTED = 4
/** the server was closed, */
export const ENDED_CUT = 5
/** the connection was handed over, and has ended, */
export const ENDED_TUNNEL = 6
/** or an answer before it was the last of the connection. */
export const ENDED_UNANSWERED = 7

/** What `metrics()` gives for each route: its number, then requests by method and class of status, */
export const METRICS_REQUESTS = 1
/** by GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT, TRACE and others, and by 1xx to 5xx behind 0 for none; */
export const METRICS_METHODS = 10
export const METRICS_CLASSES = 6
/** the sum of their durations, in microseconds; */
export const METRICS_SUM = 61
/** and their number by duration: see `upperBoundOfBucket`. */
export const METRICS_BUCKETS_AT = 62
export const METRICS_BUCKETS = 125
export const METRICS_ROW = 187
/** Batches of requests by their size, up to 1, 2, 4 and so on; and the sum of their requests. */
export const METRICS_BATCH_SIZES = 16
export const METRICS_BATCHES = 17

/**
 * The counts of `measurements()`'s histograms: of each microsecond below 2048, and then 1024 for each power of two, so
 * that the count n is of the microseconds from `(n % 1024 + 1024) << (n / 1024 - 1)` on. They come in chunks.
 */
export const HISTOGRAM_CHUNK = 1024
export const HISTOGRAM_CHUNKS = 23
/** The number of a reply, for `measurements()`: its run in the upper bits, and its kind in the lower ones. */
export const MEASURED_RUNS = 64
export const MEASURED_KINDS = 1024
/** What it gives of a loop: requests that have begun; connections that have ended without one, by cause; batches. */
export const MEASURED_REQUESTS = 0
export const MEASURED_IDLE_CLOSES = 1
export const MEASURED_CAUSES = 4
export const MEASURED_BATCHES = 5
export const MEASURED_LOOP = 22
/**
 * Of a run: its place; requests whose numbers have come; connections, those of them that have gone over to another run,
 * and the most requests of one of them;
 */
export const MEASURED_RUN_NUMBER = 0
export const MEASURED_NUMBERED = 1
export const MEASURED_CONNECTIONS = 2
export const MEASURED_LEFT = 3
export const MEASURED_MOST_REQUESTS = 4
/** sums of the service times and of the waits for the client, in microseconds; */
export const MEASURED_SERVICE_SUM = 5
export const MEASURED_WAIT_SUM = 6
/** connections that have ended, by cause, and by their requests, as batches are. */
export const MEASURED_CLOSES = 7
export const MEASURED_REQUESTS_EACH = 11
export const MEASURED_RUN = 27
/** Of each number of a run: its kind, and requests by what has ended them; */
export const MEASURED_KIND = 0
export const MEASURED_ENDS_AT = 1
export const MEASURED_ENDS = 8
/** their bytes; and how many triples follow: a status, answers that were taken whole, and those that were not. */
export const MEASURED_BYTES_IN = 9
export const MEASURED_BYTES_OUT = 10
export const MEASURED_STATUS_COUNT = 11
export const MEASURED_STATUSES = 12
/** Statuses begin with a digit below this. */
export const MEASURED_HUNDREDS = 10

/** Words besides the blocks that both sides share. They are only used on the JavaScript thread. */
export const STATE_WORDS = 3
/** The number of the block that replies are written to. The native side changes it. */
export const STATE_REPLY_BLOCK = 0
/** Not 0 while replies are collected: they are sent at the end of the batch, or of a slice of deferred requests. */
export const STATE_IN_BATCH = 1
/** JavaScript's result of a batch: whether it wants to be called again after the microtasks. */
export const STATE_BATCH = 2
/** No. The block is free. */
export const BATCH_DONE = 0
/** Yes. */
export const BATCH_GOES_ON = 1
/** Yes, and the responses are sent before that. */
export const BATCH_FLUSHES = 2
