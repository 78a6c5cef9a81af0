// Where the peers differ from brink, and why brink is right. The sections are those of the rules and traits (rules.ts).

import type { Difference, Outcome } from './comparison.js'
import type { PeerName } from './peers.js'
import type { RuleName, Trait } from './rules.js'

export interface Explanation {
  readonly peer: PeerName
  /** What there is about the request: one of these. */
  readonly about: readonly (RuleName | Trait)[]
  /** What brink makes of it, and what the peer. */
  readonly brink: readonly Outcome[]
  readonly other: readonly Outcome[]
  readonly why: string
}

type Row = Omit<Explanation, 'peer'>
type About = Explanation['about']

const REFUSED: readonly Outcome[] = ['4xx', '5xx']
const ANSWERED: readonly Outcome[] = ['accepted', 'answered']
const SILENT: readonly Outcome[] = ['silence']

/** The peer takes what brink refuses. */
const takes = (about: About, why: string): Row => ({ about, brink: REFUSED, other: ['accepted', 'headless'], why })
/** Both refuse it, with other statuses. */
const refusesToo = (about: About, why: string): Row => ({ about, brink: REFUSED, other: REFUSED, why })
/** The peer refuses what brink takes. */
const refuses = (about: About, why: string): Row => ({ about, brink: ANSWERED, other: ['4xx'], why })
/** The peer ends the connection where brink answers, or goes on. */
const ends = (about: About, why: string): Row => ({ about, brink: [...ANSWERED, ...REFUSED], other: SILENT, why })
/** The peer goes on where brink ends the connection. */
const goesOn = (about: About, why: string): Row => ({ about, brink: SILENT, other: [...ANSWERED, ...REFUSED], why })

const node: readonly Row[] = [
  takes(
    ['several Hosts', 'an invalid Host', 'a Host other than the target says'],
    'node looks only whether there is a Host; a proxy and an app that take different ones serve the wrong site',
  ),
  takes(
    ['a coding that is not spoken', 'several Transfer-Encodings', 'an invalid Transfer-Encoding'],
    'node hands the body on still coded; and a tab beside a coding is to some a part of its name',
  ),
  takes(['Transfer-Encoding in HTTP/1.0'], 'the framing is faulty: an HTTP/1.0 proxy before it saw another body'),
  takes(
    [
      'an invalid target',
      'a malformed request line',
      'a malformed version',
      'a scheme that takes a secured connection',
    ],
    'fragments, other schemes, `*`, more than one space: whoever guesses what is meant guesses differently',
  ),
  takes(['an unknown version'], 'an HTTP/2.0 request in the form of HTTP/1.1 is nothing that anybody speaks'),
  takes(['a target that is not UTF-8, or holds NUL'], 'node leaves paths to the app, which throws at decoding them'),
  takes(
    ['a target that is too long', 'too many fields, or too large'],
    'other limits: node has one for the head, and drops fields above 2000 without a word',
  ),
  takes(['an invalid Content-Length'], 'more digits than 64 bits have, although zeros: stricter than it must be'),
  takes(['an invalid chunk extension'], 'llhttp takes empty names and values, and DEL in quotes'),
  takes(['an unknown expectation'], 'node finds 100-continue anywhere in the field, also beside others'),
  goesOn(['an unknown expectation'], 'both answer 417; brink ends there, as nobody knows whether the body follows'),
  refuses(
    ['an Expect with nothing in it, or with the same twice'],
    'an empty list expects nothing, and what is said twice is said',
  ),
  refusesToo(
    ['a method that nobody has registered', 'an unknown version', 'a coding that is not spoken'],
    'node says 400 to what is well-formed and not implemented; 501 and 505 tell the client so',
  ),
  takes(['a method that nobody has registered'], 'llhttp knows M-SEARCH and SOURCE, which are not HTTP’s own'),
  ends(['a tunnel'], 'node hangs up when nobody listens for CONNECT; brink says why'),
  {
    about: ['asterisk-form'],
    brink: ['answered'],
    other: ['accepted'],
    why: 'OPTIONS * asks the server, not the app: brink answers with Allow',
  },
  refuses(['a method beyond the common ones'], 'what is registered is the app’s to answer; this node does not know it'),
  ends(['HTTP/1.0'], 'node ends connections of HTTP/1.0 although they asked to be kept'),
  ...[refuses, ends, goesOn].map((differs) =>
    differs(['a Proxy-Connection field'], 'llhttp takes it for Connection, which it is not'),
  ),
  ...[refuses, ends].map((differs) =>
    differs(['a tab beside a value'], 'llhttp takes the tab for a part of the option: neither close nor keep-alive'),
  ),
  goesOn(['a tab beside a value'], 'the same of `close`: node goes on where it was asked not to'),
  ends(
    ['an unusual Connection field'],
    'node takes no more after an upgrade that it did not make; it is an offer only',
  ),
  refuses(
    ['bytes behind it that are not taken'],
    'node answers what is wrong behind a good request in place of it; but answers come in order',
  ),
  ends(['bytes behind it that are not taken'], 'node forgets an answer when what follows cannot be parsed'),
  goesOn(['an end in the middle'], 'node tells a client that ended in the middle of a request; nobody need'),
]

const nginx: readonly Row[] = [
  takes(
    ['a bare CR or LF', 'no CRLF behind a chunk'],
    'nginx takes LF for a line’s end, as it may, and CR for text; behind it another server may see other lines',
  ),
  takes(
    ['a malformed field line', 'white space before a colon', 'a folded field', 'an invalid trailer'],
    'nginx drops fields that it finds odd, and does not look at trailers',
  ),
  takes(
    ['a character that no field value has'],
    'nginx minds nothing but NUL; others are dangerous in logs and behind it',
  ),
  takes(['a trailer that would frame'], 'nginx skips trailers; a Content-Length there is an attempt at something'),
  takes(
    ['an invalid Host', 'a Host other than the target says'],
    'nginx takes most for a name, and the target’s over Host, as it may; the app behind it sees the other one',
  ),
  takes(
    ['an invalid target', 'a malformed request line', 'a scheme that takes a secured connection'],
    'fragments, other schemes, more than one space: whoever guesses what is meant guesses differently',
  ),
  takes(['a malformed version', 'an unknown version'], 'nginx takes HTTP/1.2 and HTTP/1.11, and none for HTTP/0.9'),
  takes(['a target that is not UTF-8, or holds NUL'], 'nginx takes bytes; brink’s paths are text'),
  takes(
    ['a target that is too long', 'too many fields, or too large'],
    'other limits: nginx counts bytes only, and allows 32 KiB',
  ),
  takes(['an invalid Content-Length'], 'more digits than 64 bits have, although zeros: stricter than it must be'),
  takes(['an invalid chunk size', 'an invalid chunk extension'], 'nginx skips all that follows the digits'),
  takes(['an unknown expectation'], 'nginx ignores expectations that it does not know, where a server may say 417'),
  takes(['a method that nobody has registered'], 'nginx hands on any word in capitals'),
  refusesToo(
    ['a method that nobody has registered', 'a tunnel'],
    'nginx says 400 or 405; 501 is for what is not implemented anywhere on the server',
  ),
  refusesToo(
    ['an invalid Transfer-Encoding', 'several Transfer-Encodings', 'a coding that is not spoken'],
    'nginx says 501 to every coding but chunked, be it none; and 400 to several fields',
  ),
  refusesToo(['a malformed version', 'an unknown version'], 'nginx draws the line between 400 and 505 elsewhere'),
  refusesToo(['a bare CR or LF', 'a character that no field value has'], 'nginx sees a part of a coding there: 501'),
  refuses(['TRACE'], 'nginx refuses TRACE altogether; with brink it is for the app to answer'),
  refuses(['asterisk-form'], 'nginx does not know OPTIONS *, which a server must take'),
  refuses(
    ['a path that leads above the root'],
    'there is nothing above the root: the algorithm of the RFC drops the dots',
  ),
  refuses(['a Host with empty labels'], 'it is a reg-name by the grammar; names are looked up elsewhere'),
  refuses(['a tab beside a value'], 'white space around a value is a space or a tab'),
  ends(
    ['a target that is not UTF-8, or holds NUL'],
    'both answer 400; nginx ends the connection, though what follows is not in doubt',
  ),
  ends(['an end in the middle'], 'brink’s app has the head, and says that the body never came; nobody need'),
  ends(['an unusual Connection field'], 'nginx looks for “close” anywhere in the field, be it in “closed”'),
  goesOn(
    ['an unusual Connection field'],
    'nginx takes the last Connection field, and any that holds “keep-alive”; close in any of them ends the connection',
  ),
]

const of = (peer: PeerName, rows: readonly Row[]): Explanation[] => rows.map((row) => ({ peer, ...row }))

/** The first that fits counts. */
export const explanations: readonly Explanation[] = [...of('node:http', node), ...of('nginx', nginx)]

export function explanationOf({ peer, brink, other, broken, traits }: Difference): Explanation | undefined {
  const notes = new Set<string>([...broken, ...traits])
  return explanations.find(
    (row) =>
      row.peer === peer &&
      row.brink.includes(brink) &&
      row.other.includes(other) &&
      row.about.some((about) => notes.has(about)),
  )
}
