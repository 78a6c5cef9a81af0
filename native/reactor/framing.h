// How an answer is framed: its head, and the pieces of its body, as bytes. RFC 9112, sections 6 and 7.
#pragma once

#include "http/response_head.h"
#include "net/byte_buffer.h"
#include "reactor/connection.h"
#include "reactor/reply_reader.h"

namespace brink::reactor {

Answer::Framing framing_of(const Unanswered& unanswered, const Reply& given);

// The head, and the body where it lies in the block.
void frame(http::ResponseHeadWriter& heads, net::ByteBuffer& out, const Unanswered& unanswered, const Reply& given,
           const Answer& answer);

void begin_chunk(net::ByteBuffer& out, uint64_t size);
void end_chunk(net::ByteBuffer& out);
void end_chunks(net::ByteBuffer& out, net::Slice trailers);

}  // namespace brink::reactor
