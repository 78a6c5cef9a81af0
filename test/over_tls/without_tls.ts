// What is not tested over TLS, and why.

const ABOUT_TLS = 'it is about TLS already'
const BEFORE_TLS = 'the header comes before the handshake, which tls-handshakes has'

/** Files of test/server as a whole, or tests in them, with the reason. */
export const WITHOUT_TLS: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  tls: ABOUT_TLS,
  'tls-handshakes': ABOUT_TLS,
  'tls-attacks': ABOUT_TLS,
  'tls-certificates': ABOUT_TLS,
  'tls-resumption': ABOUT_TLS,
  'client-certificates': ABOUT_TLS,
  'cli-tls': ABOUT_TLS,
  cli: 'its servers are processes of their own; cli-tls has those with certificates',
  'proxy-protocol': BEFORE_TLS,
  'proxy-protocol-listeners': BEFORE_TLS,
  'proxy-protocol-refusals': BEFORE_TLS,
  'access-log': { 'a client is logged as trustProxy says it, and as the PROXY protocol says it': BEFORE_TLS },
  'careless-apps': {
    'clients that have sent in time are answered after a stall, however many they are':
      'so many handshakes take longer than the timeout',
  },
  closing: {
    'clients that wait to be accepted when the server closes are answered':
      'a handshake needs the thread of the server, which waits',
  },
  limits: {
    'maxConnections: as many are served, others are told 503 and when to come again, and a place that is left is taken':
      'others are turned away before a handshake, and so without an answer',
  },
  turns: {
    'when many ask at once, the first is answered first, and half of them when half are done: /posted':
      'its clients hear of answers later, on the thread that runs the handlers',
  },
  'unix-sockets': { 'a name without a file leaves nothing behind': 'its client is a program that speaks plain HTTP' },
  connections: { 'stats count what went over the wire': 'records have heads of their own' },
}
