// What RFC 9112 and RFC 9110 ask of an origin server that speaks HTTP/1.1 without TLS, in own words, and the name of the
// test that proves it. What binds clients, proxies and caches is left out; so is what only a handler can keep, such as
// the challenge in a 401 or the validators of a representation.
import type { bodies } from './bodies.js'
import type { connections } from './connections.js'
import type { fields } from './fields.js'
import type { requestLines } from './request_lines.js'
import type { semantics } from './semantics.js'

export type Level = 'MUST' | 'SHOULD'

export type TestName = keyof (typeof requestLines &
  typeof fields &
  typeof bodies &
  typeof connections &
  typeof semantics)

/** By section: how strongly it is asked, what, and the test. A MUST NOT is a MUST here, a SHOULD NOT a SHOULD. */
export type Chapter = Readonly<Record<string, readonly (readonly [Level, string, TestName])[]>>

export const rfc9112: Chapter = {
  '2.2': [
    ['MUST', 'a message is octets, whatever their encoding', 'octets above ASCII in a value reach the app as they are'],
    ['MUST', 'a bare CR makes what it stands in invalid', 'a bare CR is refused wherever it stands'],
    ['SHOULD', 'an empty line before a request is passed over', 'empty lines before a request are passed over'],
    [
      'MUST',
      'a line of white space before the first field is not used',
      'white space before the first field is refused',
    ],
    ['SHOULD', 'what is no HTTP is answered with 400, and the end', 'what is no HTTP is refused'],
    [
      'MUST',
      'no bare CR and no white space before the first field is sent',
      'every answer is well formed, with one length and a date',
    ],
  ],
  '3': [
    ['SHOULD', 'a method longer than any is answered with 501', 'a method longer than any is answered with 501'],
    [
      'MUST',
      'a target that is too long is answered with 414',
      'a target longer than maxTargetSize is answered with 414',
    ],
    ['SHOULD', 'request lines of 8000 octets are taken', 'a request line of 8000 octets is taken'],
    [
      'SHOULD',
      'a request line that is not exact is answered with 400',
      'a request line that is not exact is refused, and not put right',
    ],
  ],
  '3.2': [
    ['MUST', 'a request of HTTP/1.1 without Host is answered with 400', 'a request without a Host is refused'],
    ['MUST', 'a request with more than one Host is answered with 400', 'a request with two Hosts is refused'],
    ['MUST', 'a Host that is invalid is answered with 400', 'a Host that is none is refused'],
  ],
  '3.2.2': [
    ['MUST', 'the absolute form is taken', 'a target in absolute form is taken'],
    ['MUST', 'the host of an absolute target is used', 'the host of an absolute target counts'],
  ],
  '3.2.4': [['MUST', '* is the server as a whole, for OPTIONS', 'the asterisk is for OPTIONS alone']],
  '3.3': [['MUST', 'the URI is made of target and Host', 'the URI of a request is its target at its Host']],
  '4': [
    ['MUST', 'the space behind the status is sent without a phrase, too', 'a status without a phrase keeps its space'],
  ],
  '5.1': [['MUST', 'white space before a colon is answered with 400', 'white space before a colon is refused']],
  '5.2': [
    ['MUST', 'a folded field is answered with 400, or unfolded', 'a folded field is refused'],
    ['MUST', 'no folded field is sent', 'what a handler gives cannot break out of its field'],
  ],
  '6': [
    [
      'MUST',
      'a body is where a length or chunks say so, for any method',
      'a body of announced length is taken, whatever the method',
    ],
  ],
  '6.1': [
    ['MUST', 'chunked is understood', 'a body in chunks is taken'],
    [
      'SHOULD',
      'a coding that is not understood is answered with 501',
      'a coding that is not spoken is answered with 501',
    ],
    ['MUST', 'the connection ends behind a length beside chunks', 'a length beside chunks is refused'],
    ['MUST', 'a coding in HTTP/1.0 is a fault of framing, and ends the connection', 'a coding in HTTP/1.0 is refused'],
    ['MUST', 'no coding is sent twice, or by a handler', 'what speaks of the framing cannot be given'],
    ['MUST', 'no coding is sent in 1xx and 204', '204 has neither content nor a length'],
    ['MUST', 'no coding is sent to HTTP/1.0', 'HTTP/1.0 is answered as HTTP/1.1, without chunks'],
    ['MUST', 'no coding is sent in a 2xx to CONNECT', 'what a tunnel begins with is what the app says, and no coding'],
  ],
  '6.2': [['MUST', 'no length is sent beside a coding', 'every answer is well formed, with one length and a date']],
  '6.3': [
    [
      'MUST',
      'a coding that does not end in chunked is answered with 400, and the end',
      'a coding that does not end in chunked is refused',
    ],
    ['MUST', 'a length that is invalid is answered with 400, and the end', 'a length that is none is refused'],
    ['MUST', 'lengths that differ are answered with 400, and the end', 'lengths that differ are refused'],
    [
      'MUST',
      'a body that ends too early is incomplete, and ends the connection',
      'a body that ends too early is never handed on',
    ],
    ['MUST', 'without a length and chunks there is no body', 'without a length and chunks there is no body'],
    ['SHOULD', 'answers have a length or chunks', 'every answer is well formed, with one length and a date'],
  ],
  '7': [['MUST', 'names of codings are the same in any case', 'chunked is the same in any case']],
  '7.1': [
    ['MUST', 'chunks are decoded', 'a body in chunks is taken'],
    ['MUST', 'a chunk size may not overflow', 'a chunk size that no integer holds is refused'],
    ['MUST', 'a chunk size is hexadecimal digits', 'a chunk size that is none is refused'],
    ['MUST', 'a chunk is followed by CRLF', 'a chunk ends where its size says, with CRLF'],
    ['SHOULD', 'parameters of a coding are an error', 'a coding with a parameter is refused'],
  ],
  '7.1.1': [
    ['MUST', 'a chunk extension that is unknown is passed over', 'chunk extensions are passed over'],
    ['MUST', 'a chunk extension is what the grammar says', 'a chunk extension that is none is refused'],
    ['SHOULD', 'chunk extensions have a limit', 'chunk extensions without end are refused'],
  ],
  '7.1.2': [
    ['MUST', 'trailers are kept apart from the fields of the head', 'trailers become no fields of the head'],
    ['MUST', 'a trailer is what the grammar of fields says', 'a trailer that is none is refused'],
  ],
  '8': [['MUST', 'chunks without the last one are incomplete', 'a body that ends too early is never handed on']],
  '9.3': [
    ['SHOULD', 'connections go on', 'a connection goes on until somebody says close'],
    ['MUST', 'HTTP/1.0 goes on only where it says keep-alive', 'HTTP/1.0 goes on only where it asks to'],
    [
      'MUST',
      'a body is read to its end, or the connection ends',
      'a body that the app does not read is not the next request',
    ],
    ['MUST', 'what is left of a refused body is no request', 'the rest of a body is never a request'],
  ],
  '9.3.2': [['MUST', 'answers have the order of the requests', 'pipelined requests are answered in their order']],
  '9.5': [
    ['SHOULD', 'a timeout ends a connection in order', 'an idle connection ends in order, with no reset'],
    ['SHOULD', 'a client that closes is noticed', 'a client that leaves is let go'],
    ['SHOULD', 'a client that closes its side is answered', 'a client that has said all it will is still answered'],
  ],
  '9.6': [
    [
      'MUST',
      'close is heard, and the connection ends behind the answer',
      'close is heard, and nothing behind it is answered',
    ],
    ['MUST', 'behind a close that was heard nothing is answered', 'close is heard, and nothing behind it is answered'],
    ['SHOULD', 'the last answer says close', 'close is heard, and nothing behind it is answered'],
    ['MUST', 'behind an answer that says close the connection ends', 'an answer that says close is the last'],
    [
      'MUST',
      'behind an answer that says close nothing is processed',
      'behind an answer that says close nothing is run',
    ],
    ['SHOULD', 'no reset overtakes the last answer', 'a refusal arrives, though the client is still sending'],
  ],
  '11.1': [['MUST', 'no value splits an answer', 'what a handler gives cannot break out of its field']],
}

export const rfc9110: Chapter = {
  '2.2': [['MUST', 'what is sent is what the grammar says', 'every answer is well formed, with one length and a date']],
  '4.1': [['SHOULD', 'URIs of 8000 octets are taken', 'a target of 8000 octets is taken']],
  '4.2.1': [['MUST', 'an http URI without a host is rejected', 'an http target without a host is refused']],
  '4.2.2': [['MUST', 'an https URI without a host is rejected', 'an https target is refused, for there is no TLS']],
  '4.2.4': [['SHOULD', 'user information in a URI is an error', 'user information in a target is refused']],
  '5.1': [
    ['MUST', 'names of fields are tokens', 'a name that is no token is refused'],
    ['MUST', 'names of fields are the same in any case', 'a name is the same in any case'],
    ['SHOULD', 'fields that are unknown are let through', 'a field that nobody knows is let through'],
  ],
  '5.2': [['MUST', 'fields of one name are one list, in order', 'fields of one name are one list, in order']],
  '5.3': [
    ['MUST', 'no request is acted upon before its head is whole', 'no request is acted upon before its head is whole'],
    ['MUST', 'no name is sent twice, but for Set-Cookie', 'fields of one name leave as one line, but for Set-Cookie'],
  ],
  '5.4': [
    ['MUST', 'fields that are too large are answered with 4xx', 'fields beyond the limits are answered with 431'],
  ],
  '5.5': [
    ['MUST', 'white space around a value is no part of it', 'white space around a value is no part of it'],
    ['MUST', 'white space around a length is no part of it', 'white space around a length is no part of it'],
    ['SHOULD', 'other octets of a value are opaque', 'octets above ASCII in a value reach the app as they are'],
    ['MUST', 'CR, LF and NUL in a value are rejected', 'CR, LF and NUL in a value are refused'],
    ['MUST', 'other control characters are invalid, too', 'other control characters in a value are refused'],
  ],
  '5.6.1': [
    ['MUST', 'no empty element of a list is sent', 'no list that is sent has an empty element'],
    ['MUST', 'empty elements of a list are passed over', 'empty elements of a list are passed over'],
  ],
  '5.6.7': [['MUST', 'a date is sent as an IMF-fixdate', 'every answer is well formed, with one length and a date']],
  '6.2': [
    [
      'SHOULD',
      'an answer has the highest version of its major one',
      'HTTP/1.0 is answered as HTTP/1.1, without chunks',
    ],
    ['MUST', 'no version is sent that is not spoken', 'a version that is not spoken is answered with 505'],
  ],
  '6.5.1': [
    ['MUST', 'a trailer is not merged into the head', 'trailers become no fields of the head'],
    ['MUST', 'a trailer says nothing of the connection', 'a trailer changes nothing of the connection'],
    ['MUST', 'a trailer says nothing of the framing', 'a trailer of framing is refused'],
  ],
  '6.6.1': [
    ['MUST', '2xx, 3xx and 4xx have a Date', 'every answer is well formed, with one length and a date'],
    ['MUST', 'refusals have a Date', 'a refusal has a date, a type and an explanation'],
    ['SHOULD', 'Date is now', 'Date is now'],
  ],
  '7.4': [['MUST', 'https is rejected on a connection without TLS', 'an https target is refused, for there is no TLS']],
  '7.8': [
    ['MUST', 'Upgrade in HTTP/1.0 is ignored', 'an Upgrade of HTTP/1.0 reaches nobody who would take it'],
    ['MUST', 'no protocol is switched to unasked', 'no protocol is switched to unasked'],
    ['SHOULD', 'an Upgrade may be ignored', 'an Upgrade is an offer, which the app need not take'],
  ],
  '8.3': [['SHOULD', 'content has a Content-Type', 'an answer says its type']],
  '8.6': [
    ['MUST', 'the length of a HEAD is that of a GET', 'HEAD has the fields of GET, and no content'],
    ['MUST', 'the length of a 304 is that of a 200', '304 has no content, and only a length that is given'],
    ['MUST', '1xx and 204 have no length', '204 has neither content nor a length'],
    ['SHOULD', 'a length that is known is sent', 'every answer is well formed, with one length and a date'],
    ['MUST', 'a length may not overflow', 'a length that no integer holds is refused'],
    ['MUST', 'no length is sent that is wrong', 'a length that is not that of the body is never sent'],
  ],
  '9.1': [
    ['MUST', 'GET and HEAD are supported', 'GET and HEAD are answered'],
    ['SHOULD', 'a method that is unknown is answered with 501', 'a method that nobody knows is answered with 501'],
    [
      'SHOULD',
      'a method that a path does not have is answered with 405',
      'a method that a path does not have is answered with 405 and Allow',
    ],
  ],
  '9.3.2': [
    ['MUST', 'HEAD gets no content', 'HEAD has the fields of GET, and no content'],
    ['SHOULD', 'HEAD gets the fields of GET', 'HEAD has the fields of GET, and no content'],
  ],
  '9.3.6': [
    [
      'MUST',
      'CONNECT to no port, or a wrong one, is rejected',
      'CONNECT to no port, or a wrong one, is refused before the app is asked',
    ],
    ['SHOULD', 'CONNECT that is not implemented is 501', 'CONNECT without somebody who takes it opens no tunnel'],
  ],
  '9.3.7': [['SHOULD', 'OPTIONS is told what there is', 'OPTIONS says what a path allows']],
  '10.1.1': [
    ['MUST', '100-continue in HTTP/1.0 is ignored', 'HTTP/1.0 never gets a 100'],
    ['MUST', 'a 100, or the answer, is sent at once', '100 is sent at once, and the answer behind the body'],
    ['MUST', 'a 100 does not wait for the body', '100 is sent at once, and the answer behind the body'],
    ['MUST', 'behind a 100 comes an answer', '100 is sent at once, and the answer behind the body'],
    ['MUST', 'what the head decides is answered instead', 'what is refused by its head is refused instead of 100'],
    [
      'SHOULD',
      'an early answer says whether the connection ends',
      'what is refused by its head is refused instead of 100',
    ],
    ['SHOULD', 'no 100 is sent where there is no body', '100 is not sent where there is no body'],
    ['SHOULD', 'another expectation is answered with 417', 'another expectation is answered with 417'],
  ],
  '10.2.1': [['MUST', '405 has an Allow', 'a method that a path does not have is answered with 405 and Allow']],
  '13.2.1': [
    ['MUST', 'conditions of what has no validators are ignored', 'ranges and conditions change no answer of a handler'],
  ],
  '14.2': [
    [
      'MUST',
      'a Range of an unknown unit is ignored',
      'a range of a unit that nobody knows is no range, of a file neither',
    ],
  ],
  '15.2': [['MUST', 'HTTP/1.0 gets no 1xx', 'HTTP/1.0 never gets a 100']],
  '15.2.2': [['MUST', 'no 101 without its Upgrade', 'a handler sends no 1xx']],
  '15.3.5': [['MUST', '204 has no content', '204 has neither content nor a length']],
  '15.3.6': [['MUST', '205 has no content', '205 has no content']],
  '15.4.5': [['MUST', '304 has no content', '304 has no content, and only a length that is given']],
  '15.5': [['SHOULD', '4xx explains itself', 'a refusal has a date, a type and an explanation']],
  '15.6': [['SHOULD', '5xx explains itself, and tells no secrets', 'an error says no more than its status']],
}

/** What is asked and not met, and why. Refusing is the safe side to err on. */
export const notMet: Chapter = {
  // llhttp takes a tab for the beginning of another value.
  'RFC 9110, 5.5': [['MUST', 'a tab behind a length is no part of it', 'a tab behind a length is refused']],
  // There is nothing to upgrade to: `upgrade` is one of the fields that no handler can give.
  'RFC 9110, 15.5.22': [['MUST', '426 has an Upgrade', '426 cannot be given the Upgrade that it asks for']],
}

/** Where brink refuses what the book would let through, as every server that was smuggled past had let it through. */
export const stricter: Chapter = {
  'RFC 9112, 2.2': [['SHOULD', 'a line may end in LF alone', 'a bare LF is refused wherever it stands']],
  'RFC 9112, 3.2.2': [
    ['MUST', 'Host is ignored beside an absolute target', 'an absolute target of another host than Host is refused'],
  ],
  'RFC 9112, 7.1.1': [
    ['MUST', 'white space around a chunk extension is taken out', 'white space around a chunk extension is refused'],
  ],
  'RFC 9110, 2.5': [['SHOULD', 'HTTP/1.2 is read as HTTP/1.1', 'a version that is not spoken is answered with 505']],
  'RFC 9110, 5.6.1': [
    ['MUST', 'empty elements of Transfer-Encoding are passed over', 'an empty element beside chunked is refused'],
  ],
  'RFC 9110, 9.1': [['SHOULD', 'a method in lower case is an unknown one: 501', 'a method in lower case is refused']],
}
