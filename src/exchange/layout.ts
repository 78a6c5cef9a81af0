// The layout of the exchange: where each integer of a request or a reply lies. This file is its one definition: the
// build makes native/generated/layout.h from it, and the addon tells at load which layout it was built for.
//
// A block is memory that one side fills and the other reads: words (32-bit integers) first, then bytes. The native
// side fills blocks with events, JavaScript fills blocks with replies. A span word holds an offset in its low half and
// a length in its high half, both in bytes and counted from the first byte of the request's head.

/** Words of a block, and where its bytes begin (in bytes). */
export const BLOCK_WORDS = 65536
export const BLOCK_BYTES_AT = 262144
/** Bytes of a block behind its words. */
export const BLOCK_BYTES = 524288

/** Every event begins with these: its kind, its length in words, and which connection it concerns, if any. */
export const EVENT_KIND = 0
export const EVENT_WORDS = 1
export const EVENT_SLOT = 2
export const EVENT_GENERATION = 3

/** A request: with its whole body, or (FLAG_BODY_FOLLOWS) with what has come of it. */
export const EVENT_REQUEST = 1

/** Something that whoever runs the server should know, said once. */
export const EVENT_NOTICE = 2
export const NOTICE_CODE = 4
export const NOTICE_WORDS = 5
/** The poller takes no more connections; they are answered with 503. */
export const NOTICE_POLLER_FULL = 1

/** A client was refused, or cut off. */
export const EVENT_CLIENT_ERROR = 3
export const CLIENT_ERROR_REFUSAL = 4
/** How many more there were since the last that was told. */
export const CLIENT_ERROR_UNTOLD = 5
export const CLIENT_ERROR_ADDRESS = 6
export const CLIENT_ERROR_PORT = 10
export const CLIENT_ERROR_FLAGS = 11
export const CLIENT_ERROR_WORDS = 12

/** More of a body that follows its request; or bytes of a connection that was handed over. */
export const EVENT_BODY = 4
export const BODY_SEQUENCE = 4
export const BODY_FLAGS = 5
export const BODY_OFFSET = 6
export const BODY_LENGTH = 7
/** Field lines, `name: value CRLF` each, in the block's bytes; with BODY_END. */
export const BODY_TRAILERS_OFFSET = 8
export const BODY_TRAILERS_LENGTH = 9
/** The refusal that ended it; with BODY_FAILED. */
export const BODY_REFUSAL = 10
export const BODY_WORDS = 11
/** Flags of a piece of a body: it is the last, or it will never be complete. */
export const BODY_END = 1
export const BODY_FAILED = 2

/** A client went away while something of it was unanswered. */
export const EVENT_GONE = 5
/** Not 0 when it only stopped sending, and may still take its answers. */
export const GONE_HALF = 4
export const GONE_WORDS = 5

/** A streamed answer that asked to be told may go on. */
export const EVENT_DRAINED = 6
export const DRAINED_SEQUENCE = 4
export const DRAINED_WORDS = 5

/** Memory that was lent for the body of an answer was taken away or resized: the answer is broken off. */
export const EVENT_BODY_CHANGED = 7
export const BODY_CHANGED_WORDS = 4

/** A connection was accepted; told before anything else of it, and only where that is asked for. */
export const EVENT_OPENED = 8
/** The peer's address as 16 bytes (IPv4 mapped into IPv6), and its port; and the same of this end. */
export const OPENED_ADDRESS = 4
export const OPENED_PORT = 8
export const OPENED_LOCAL_ADDRESS = 9
export const OPENED_LOCAL_PORT = 13
/** FLAG_IPV4, for both; OPENED_UNIX where there are no addresses. */
export const OPENED_FLAGS = 14
export const OPENED_UNIX = 1
export const OPENED_WORDS = 15

/** A connection that was told to be opened has ended; nothing else of it is told behind this. */
export const EVENT_CLOSED = 9
export const CLOSED_CAUSE = 4
export const CLOSED_WORDS = 5
/** The client ended it, or both did; it broke; a time was over; this side ended it. */
export const CLOSED_BY_CLIENT = 0
export const CLOSED_BY_RESET = 1
export const CLOSED_BY_TIMEOUT = 2
export const CLOSED_BY_SERVER = 3

/** A connection for which there was no room was closed: its addresses as with EVENT_OPENED. */
export const EVENT_DROPPED = 10

/**
 * A client is refused, and the app is asked what it is told, and only where that is asked for: the connection waits for
 * REPLY_END_CONNECTION, for as long as `halfCloseTimeout`, and is not read any more.
 */
export const EVENT_REFUSED = 11
/** The number of the refusal; 0 when the client has ended its side within a message. */
export const REFUSED_WHY = 4
/** What came last of it, in the block's bytes, but no more than MOST_OF_PACKET; nothing when a time was over. */
export const REFUSED_OFFSET = 5
export const REFUSED_LENGTH = 6
export const REFUSED_WORDS = 7
export const MOST_OF_PACKET = 16384

export const REQUEST_SEQUENCE = 4
/** llhttp's number of the method in the low byte, 255 for one that it does not know; above it the length of its name. */
export const REQUEST_METHOD = 5
export const REQUEST_FLAGS = 6
/** Where the head begins, in bytes from the start of the block's bytes; and how many bytes of it there are. */
export const REQUEST_HEAD_OFFSET = 7
export const REQUEST_HEAD_LENGTH = 8
export const REQUEST_TARGET = 9
/** Where the body, or what has come of it, lies in the block's bytes. */
export const REQUEST_BODY_OFFSET = 10
export const REQUEST_BODY_LENGTH = 11
/** The peer's address as 16 bytes (IPv4 mapped into IPv6), and its port. */
export const REQUEST_ADDRESS = 12
export const REQUEST_PORT = 16
export const REQUEST_FIELD_COUNT = 17
/** The length that the request announces, low and high half; 0 for a chunked body. */
export const REQUEST_ANNOUNCED_LOW = 18
export const REQUEST_ANNOUNCED_HIGH = 19
/** Field lines in the block's bytes. */
export const REQUEST_TRAILERS_OFFSET = 20
export const REQUEST_TRAILERS_LENGTH = 21
/** A number of its head, all of whose bytes came before; 0 for none. See FLAG_NEWLY_KNOWN. */
export const REQUEST_KNOWN = 22
/** If that is 0: a number of its fields, all of whose bytes came before, with another target; or 0. */
export const REQUEST_KNOWN_FIELDS = 23
/** Two span words a field: its name and its value. */
export const REQUEST_FIELDS = 24

/** Flags of a request. */
export const FLAG_BODY_FOLLOWS = 1
export const FLAG_HTTP_1_0 = 2
export const FLAG_IPV4 = 4
export const FLAG_BODY = 8
/**
 * The client offers to speak another protocol, and waits for the answer. Where the app takes any offer, one with a body
 * comes without it (FLAG_BODY_FOLLOWS): whether it is one is told by REPLY_READ, which declines the offer, or an answer.
 */
export const FLAG_UPGRADE = 16
/** The client holds its body back until it is asked for it. */
export const FLAG_EXPECTS_CONTINUE = 32

/** The number of the head, or of its fields, is this one's from now on, whatever it was the number of before. */
export const FLAG_NEWLY_KNOWN = 64
/** The client asks for the end of the connection behind the answer, or speaks HTTP/1.0 and does not ask to keep it. */
export const FLAG_CLOSES = 128
/** The body comes in chunks. */
export const FLAG_CHUNKED = 256
/** It expects something other than `100-continue`; only where the app judges expectations itself. */
export const FLAG_EXPECTS_OTHER = 512

/** Bytes of a body that come without having been asked for. */
export const BODY_WINDOW = 65536

/** The first word of a block of replies: where they end, in words. They begin behind it. */
export const REPLIES_END = 0
export const REPLIES_FIRST = 1

export const REPLY_KIND = 0
export const REPLY_SLOT = 1
export const REPLY_GENERATION = 2
export const REPLY_SEQUENCE = 3
export const REPLY_STATUS = 4
export const REPLY_FLAGS = 5
/** Field lines, `name: value CRLF` each, in the block's bytes. */
export const REPLY_FIELDS_OFFSET = 6
export const REPLY_FIELDS_LENGTH = 7
/** The body in the block's bytes; with FLAG_REPLY_BODY_BY_REFERENCE, the place that `lend` gave. */
export const REPLY_BODY_OFFSET = 8
export const REPLY_BODY_LENGTH = 9
export const REPLY_WORDS = 10

/** An answer: whole, or (FLAG_REPLY_STREAM) its head, of which the body follows. */
export const REPLY_ANSWER = 1
/** A piece of a streamed body, or its end. */
export const REPLY_CHUNK = 2
/** A streamed body cannot be completed: the connection is broken, so that the client can tell. */
export const REPLY_ABORT = 3
/** So many more bytes of the request's body are wanted: REPLY_BODY_LENGTH. */
export const REPLY_READ = 4
/**
 * The connection is handed over: what comes on it is told as pieces of a body, chunks are sent as they are. Where the
 * app takes any offer, the last request that was told may be one, and a raw answer to it that is still open goes on as
 * what is sent.
 */
export const REPLY_TAKE_OVER = 5
/** Other deadlines than the server's for this request, in milliseconds; 0 for the server's own. */
export const REPLY_DEADLINES = 6
export const DEADLINES_REQUEST = 4
export const DEADLINES_WRITE = 5
/** Bytes a second, and one more than that: 0 for the server's own. */
export const DEADLINES_RATE = 6
/**
 * The connection ends, whatever of it is unanswered: REPLY_STATUS says how. The fields and the body are bytes for the
 * wire, sent before the end. The sequence is of no account.
 */
export const REPLY_END_CONNECTION = 7
/** In order: the end is sent when what was said before is out. */
export const END_IN_ORDER = 0
/** At once: what the socket does not take now is thrown away. */
export const END_AT_ONCE = 1
/** By a reset. */
export const END_BY_RESET = 2

/** Flags of a reply: the lowest four bits are a content type that the native side knows by number, 0 for none. */
export const CONTENT_TYPE_MASK = 15
export const CONTENT_TYPE_TEXT = 1
export const CONTENT_TYPE_JSON = 2
export const CONTENT_TYPE_BYTES = 3
export const CONTENT_TYPE_HTML = 4
export const FLAG_REPLY_BODY_BY_REFERENCE = 16
export const FLAG_REPLY_CLOSE = 32
/** The fields have a Date of their own. */
export const FLAG_REPLY_DATED = 64
/**
 * For HEAD and 304: the length that the body would have had is said though none is sent. It stands in place of the
 * body: its high half as the offset, its low half as the length.
 */
export const FLAG_REPLY_LENGTH_ONLY = 128
/** The body follows in chunks. */
export const FLAG_REPLY_STREAM = 256
/** The length of the stream is known, and stands as with FLAG_REPLY_LENGTH_ONLY. */
export const FLAG_REPLY_SIZED = 512
/** Flags of a chunk: it is the last, and its fields are trailers; EVENT_DRAINED is wanted when there is room for more. */
export const FLAG_CHUNK_END = 1024
export const FLAG_CHUNK_ASKS = 2048
/**
 * Of an answer: its fields and then its body are bytes for the wire as they are, head and framing included, and so are
 * those of its chunks; only its turn among the answers is the native side's. FLAG_REPLY_CLOSE ends the connection behind
 * it, and may stand on its last chunk. With FLAG_REPLY_STREAM, FLAG_CHUNK_ASKS may stand on the answer itself. Of a
 * chunk: its fields are such bytes, and no trailers; it must belong to such an answer or a connection that was handed
 * over.
 */
export const FLAG_REPLY_RAW = 4096

/** Words that both sides share on the JavaScript thread, besides the blocks. */
export const STATE_WORDS = 3
/** The place of the block that replies are written to. The native side changes it. */
export const STATE_REPLY_BLOCK = 0
/** Not 0 while replies are gathered: what is written now leaves when the batch, or a slice of what waits, is over. */
export const STATE_IN_BATCH = 1
/** What JavaScript says of a batch that it was given: whether it is to be called again when the microtasks have run. */
export const STATE_BATCH = 2
/** No: the block is free. */
export const BATCH_DONE = 0
export const BATCH_GOES_ON = 1
/** Yes, and what is answered leaves before that. */
export const BATCH_FLUSHES = 2
