// What the RFCs ask of a request, one rule a line: where it stands, and what a request that breaks it is answered. Where
// they leave a choice, or ask for less than is safe behind a proxy, the rule is the one that brink has chosen.

export interface Rule {
  readonly section: string
  readonly status: number
}

const rule = (section: string, status = 400): Rule => ({ section, status })

export const RULES = {
  'a bare CR or LF': rule('RFC 9112 §2.2'),
  'a malformed request line': rule('RFC 9112 §3'),
  'a method in lower case': rule('RFC 9110 §9.1'),
  'a method that nobody has registered': rule('RFC 9110 §9.1', 501),
  'a tunnel': rule('RFC 9110 §9.3.6', 501),
  'an unknown version': rule('RFC 9110 §15.6.6', 505),
  'a malformed version': rule('RFC 9112 §2.3'),
  'an invalid target': rule('RFC 9112 §3.2'),
  'a scheme that takes a secured connection': rule('RFC 9110 §7.4', 421),
  'a target that is not UTF-8, or holds NUL': rule('RFC 3986 §2.1'),
  'a target that is too long': rule('RFC 9110 §15.5.15', 414),
  'too many fields, or too large': rule('RFC 6585 §5', 431),
  'a malformed field line': rule('RFC 9112 §5'),
  'white space before a colon': rule('RFC 9112 §5.1'),
  'a folded field': rule('RFC 9112 §5.2'),
  'a character that no field value has': rule('RFC 9110 §5.5'),
  'no Host': rule('RFC 9112 §3.2'),
  'several Hosts': rule('RFC 9112 §3.2'),
  'an invalid Host': rule('RFC 9112 §3.2'),
  'a Host other than the target says': rule('RFC 9112 §3.2.2'),
  'an invalid Content-Length': rule('RFC 9112 §6.3'),
  'several Content-Lengths': rule('RFC 9112 §6.3'),
  'Content-Length and Transfer-Encoding': rule('RFC 9112 §6.1'),
  'a coding that is not spoken': rule('RFC 9112 §6.1', 501),
  'an invalid Transfer-Encoding': rule('RFC 9112 §6.1'),
  'several Transfer-Encodings': rule('RFC 9112 §6.1'),
  'Transfer-Encoding in HTTP/1.0': rule('RFC 9112 §6.1'),
  'a body that is too large': rule('RFC 9110 §15.5.14', 413),
  'an unknown expectation': rule('RFC 9110 §10.1.1', 417),
  'an invalid chunk size': rule('RFC 9112 §7.1'),
  'an invalid chunk extension': rule('RFC 9112 §7.1.1'),
  'no CRLF behind a chunk': rule('RFC 9112 §7.1'),
  'an invalid trailer': rule('RFC 9112 §7.1.2'),
  'a trailer that would frame': rule('RFC 9110 §6.5.1'),
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof RULES

/** What is out of the ordinary in a request although it breaks no rule: not every peer takes it as brink does. */
export const TRAITS = {
  'an end in the middle': 'RFC 9112 §8',
  'bytes behind it that are not taken': 'RFC 9112 §9.3',
  'an unusual Connection field': 'RFC 9112 §9.3',
  'HTTP/1.0': 'RFC 9110 §2.5',
  TRACE: 'RFC 9110 §9.3.8',
  'a method beyond the common ones': 'RFC 9110 §9.1',
  'asterisk-form': 'RFC 9112 §3.2.4',
  'a path that leads above the root': 'RFC 3986 §5.2.4',
  'a Host with empty labels': 'RFC 3986 §3.2.2',
  'a tab beside a value': 'RFC 9112 §5.1',
  'a Proxy-Connection field': 'RFC 9112 §C.2.2',
  'an Expect with nothing in it, or with the same twice': 'RFC 9110 §5.6.1.2',
} as const

export type Trait = keyof typeof TRAITS
