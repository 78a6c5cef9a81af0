// What of the tests of servers Wine or Windows does not carry, and why.

interface Gap {
  readonly why: string
  /** Nothing of the file can run. */
  readonly whole?: boolean
  /** Of their names, enough to know them by. */
  readonly tests: readonly string[]
}

const RESET = 'Wine gives the end of the stream where a client has reset its connection'
const SIGNALS = 'signals and pipes of child processes'

export const GAPS: Readonly<Record<string, Gap>> = {
  'careless-apps': {
    why:
      'the system takes more than Linux before a writer is held back; a stall is longer than the patience of the test; ' +
      RESET,
    tests: ['after a stall', 'the writer of a tunnel', 'and ends it: close', 'and ends it: error'],
  },
  cli: { why: SIGNALS, whole: true, tests: [] },
  'cli-tls': {
    why: `${SIGNALS}; there are no workers on Windows`,
    tests: ['made for the host', 'read again on SIGHUP', 'workers resume'],
  },
  'close-on-signals': { why: SIGNALS, whole: true, tests: [] },
  'half-closed': {
    why: 'the system takes 4 MiB at once; select does not notice there that a client closes while it is not read',
    tests: ['takes a large answer slowly', 'an abandoned upload that its handler', 'closed behind more requests'],
  },
  listening: { why: 'there is no reusePort on Windows', tests: ['reusePort', 'threads that share the port'] },
  'early-failures': {
    why: 'the first file that is opened takes longer than the 100 ms that a head waits, if the machine does other work',
    tests: ['a file that is not there'],
  },
  endings: { why: RESET, tests: ['cut short by a reset'] },
  flood: {
    why: 'the system takes more than Linux before a writer is held back',
    tests: ['a client that asks and never reads'],
  },
  'crowd-leaves': {
    why: 'Wine takes more CPU time for sockets that end than the test allows, on a machine that does other work',
    tests: ['does not stall when a crowd leaves'],
  },
  'listener-faults': {
    why: 'no reusePort on Windows, no sockets at a path, and nobody can take a port that is kept while nobody listens',
    tests: ['loops share by SO_REUSEPORT', 'a Unix domain socket refuses', 'another process has taken'],
  },
  'request-events': { why: RESET, tests: ['ends its request once: /endless'] },
  'running-changes': {
    why: 'there are no sockets at a path on Windows, and no descriptors of sockets',
    tests: ['listens at a path', 'bound elsewhere'],
  },
  'told-connections': {
    why: RESET,
    tests: ['its end behind all else of it', 'the client leaves with a reset'],
  },
  upgrades: {
    why: 'a hundred clients take longer to send their first byte than the keepAliveTimeout of the test',
    tests: ['idle WebSockets stay'],
  },
  'file-names': { why: 'mkfifo and names that Windows does not allow', whole: true, tests: [] },
  'file-sending': { why: 'an open file cannot be replaced', tests: ['deleted or replaced'] },
}
