import { parseArgs } from 'node:util'
import { nearest } from '../runtime/did_you_mean.js'
import { type TargetFlags, targetFlagsOf } from './target_flags.js'
import { UsageError } from './usage_error.js'

/** The parsed command line. */
export interface CommandLine {
  readonly help: boolean
  readonly version: boolean
  /** The routes folder, if given. */
  readonly folder: string | undefined
  /** The folder of static files, if given. They are sent where no route matches. */
  readonly files: string | undefined
  /** Where to listen: at a port, a path or on a descriptor. */
  readonly place: PortPlace | PathPlace | DescriptorPlace
  readonly backend: string
  /** If given. */
  readonly threads: number | undefined
  /** If given: how many processes, under a supervisor. */
  readonly workers: number | 'max' | undefined
  /** The proxies that are trusted, if given: `true`, a number of hops, or a list with commas. */
  readonly trustProxy: true | number | string | undefined
  /** If given. */
  readonly proxyProtocol: 'require' | 'accept' | undefined
  /** The files of the certificate, or one that is made; undefined for plain HTTP. */
  readonly tls: TlsFiles | 'self-signed' | undefined
  /** Where metrics and health are served, if anywhere. */
  readonly admin: PortPlace | undefined
  /** The access log, if it is wanted. */
  readonly accessLog: { readonly format: 'combined' | 'json'; readonly to: string | undefined } | undefined
  /** How the server closes on a signal, in milliseconds: what is given. */
  readonly closing: {
    readonly readinessDelay: number | undefined
    readonly grace: number | undefined
    readonly deadline: number | undefined
  }
  /** Where host and backend come from, such as `--host` or `$HOST`, for messages. */
  readonly from: { readonly host: string; readonly backend: string }
  /** Whether the command is `brink backends`, which lists the backends instead of serving. */
  readonly listsBackends: boolean
  /** Whether the command is `brink target`. */
  readonly isTarget: boolean
  /** What is said about the target. */
  readonly target: TargetFlags
  /** The flags that only a target has, as they were given. */
  readonly targetFlags: readonly string[]
}

const MOST_MS = 86_400_000

export interface PortPlace {
  readonly port: number
  readonly host: string
}

export interface PathPlace {
  readonly path: string
  readonly mode: number | undefined
}

export interface TlsFiles {
  readonly key: string
  readonly cert: string
}

export interface DescriptorPlace {
  readonly fd: number | 'systemd' | `systemd:${string}`
}

interface Option {
  readonly name: string
  readonly short?: string
  /** The placeholder of the value in the help; an option without one is a switch. */
  readonly value?: string
  /** The values that it may have, of an option that may have none; without, it stands for the first one. */
  readonly choice?: readonly string[]
  /** The environment variable that is read when the option is absent. */
  readonly env?: string
  readonly default?: string
  /** The default in words, of an option whose default is chosen elsewhere. */
  readonly standard?: string
  readonly help: string
  /** Whether only `brink target` has it. */
  readonly isOfTarget?: true
}

const FORMATS = ['combined', 'json'] as const

/** All options, in the order of the help text, which is generated from this table. */
const OPTIONS: readonly Option[] = [
  { name: 'files', short: 'f', value: 'folder', help: 'files to serve where no route matches' },
  { name: 'port', short: 'p', value: 'number', env: 'PORT', default: '8080', help: 'the port; 0 chooses a free one' },
  {
    name: 'host',
    value: 'name',
    env: 'HOST',
    default: 'localhost',
    help: 'the address; 0.0.0.0 for all networks',
  },
  { name: 'path', value: 'path', help: 'a Unix socket instead of a port' },
  { name: 'mode', value: 'octal', help: 'the permissions of its file, such as 660' },
  { name: 'fd', value: 'number', help: 'a socket that was passed, or systemd, systemd:name' },
  {
    name: 'backend',
    value: 'name',
    env: 'BRINK_BACKEND',
    default: 'auto',
    help: 'how to wait for sockets',
  },
  {
    name: 'threads',
    short: 't',
    value: 'number',
    env: 'BRINK_THREADS',
    standard: '0, Bun and Deno 1',
    help: 'event loops on threads',
  },
  {
    name: 'workers',
    short: 'w',
    value: 'number',
    env: 'BRINK_WORKERS',
    help: 'processes, or max: one for each CPU',
  },
  { name: 'trust-proxy', value: 'list', help: 'proxies that name the client: addresses, hops, or true' },
  { name: 'proxy-protocol', value: 'mode', help: 'the PROXY protocol of these: require, or accept' },
  { name: 'tls-key', value: 'file', help: 'serve HTTPS with this private key, PEM' },
  { name: 'tls-cert', value: 'file', help: 'and this certificate with its chain, PEM' },
  { name: 'tls-self-signed', help: 'serve HTTPS with a certificate made for localhost' },
  { name: 'admin-port', value: 'number', help: 'serve /metrics, /live and /ready on this port' },
  { name: 'admin-host', value: 'name', standard: 'localhost', help: 'the address of this port' },
  {
    name: 'access-log',
    value: 'format',
    choice: FORMATS,
    env: 'BRINK_ACCESS_LOG',
    help: 'a line for each request: combined, json',
  },
  { name: 'access-log-to', value: 'file', help: 'where to: stdout, stderr or a file' },
  {
    name: 'readiness-delay',
    value: 'ms',
    default: '0',
    help: 'on a signal, serve as before for so long',
  },
  {
    name: 'grace',
    value: 'ms',
    standard: '5000; SIGINT: 0',
    help: 'then wait so long for idle clients',
  },
  {
    name: 'deadline',
    value: 'ms',
    standard: '10000 after the delay; a target: 1000',
    help: 'then cut what is left',
  },
  { name: 'json', isOfTarget: true, help: 'tell the URL as JSON, and at the end the statistics' },
  { name: 'fault', value: 'faults', isOfTarget: true, help: "faults of all answers, such as 'status=503:5%'" },
  { name: 'plan', value: 'file', isOfTarget: true, help: 'a plan of faults, JSON, from the first request on' },
  { name: 'seed', value: 'number', isOfTarget: true, help: 'the same faults for the same requests', standard: 'any' },
  {
    name: 'control',
    value: 'mode',
    isOfTarget: true,
    help: 'who uses /_brink/: read, loopback, none, token',
    standard: 'all',
  },
  { name: 'limits', value: 'list', isOfTarget: true, help: 'what clients may ask for: maxDuration=30000,…' },
  { name: 'help', short: 'h', help: 'print this text' },
  { name: 'version', short: 'v', help: 'print the version' },
]

/** @throws UsageError */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const { given, folders } = readArguments(args)
  if (folders.length > 1) throw new UsageError(`Name one routes folder, not ${folders.length}: ${folders.join(', ')}.`)
  const threads = textOf('threads', given, env)
  const host = textOf('host', given, env)
  const backend = textOf('backend', given, env)
  const closing = closingOf(given, env)
  return {
    help: given.has('help'),
    version: given.has('version'),
    folder: folders[0],
    files: given.get('files'),
    listsBackends: folders[0] === 'backends',
    isTarget: folders[0] === 'target',
    target: targetFlagsOf(given, env),
    targetFlags: OPTIONS.filter(({ name, isOfTarget }) => isOfTarget && given.has(name)).map(({ name }) => `--${name}`),
    place: placeOf(given, env),
    workers: workersOf(textOf('workers', given, env)),
    threads: threads.text === '' ? undefined : wholeNumber(threads, 128),
    backend: backend.text,
    trustProxy: trustOf(given.get('trust-proxy')),
    proxyProtocol: proxyProtocolOf(given.get('proxy-protocol')),
    tls: tlsOf(given, env),
    admin: adminOf(given, env),
    accessLog: accessLogOf(given, env),
    closing,
    from: { host: host.from, backend: backend.from },
  }
}

function tlsOf(given: Map<string, string>, env: NodeJS.ProcessEnv): CommandLine['tls'] {
  const key = given.get('tls-key')
  const cert = given.get('tls-cert')
  if (given.has('tls-self-signed')) {
    const other = ['tls-key', 'tls-cert'].find((name) => given.has(name))
    if (other !== undefined) throw new UsageError(`--tls-self-signed cannot be given beside --${other}.`)
    const { text, from } = textOf('workers', given, env)
    // Each would show another certificate.
    if (text !== '') throw new UsageError(`--tls-self-signed cannot be given beside ${from}.`)
    return 'self-signed'
  }
  if (key === undefined && cert === undefined) return undefined
  if (key === undefined || cert === undefined) throw new UsageError('--tls-key and --tls-cert need each other.')
  return { key, cert }
}

function adminOf(given: Map<string, string>, env: NodeJS.ProcessEnv): PortPlace | undefined {
  if (given.has('admin-port')) {
    return { port: wholeNumber(textOf('admin-port', given, env), 65535), host: given.get('admin-host') ?? 'localhost' }
  }
  if (given.has('admin-host')) throw new UsageError('--admin-host needs --admin-port.')
  return undefined
}

function accessLogOf(given: Map<string, string>, env: NodeJS.ProcessEnv): CommandLine['accessLog'] {
  const { text, from } = textOf('access-log', given, env)
  const to = given.get('access-log-to')
  const isWanted = given.has('access-log') || to !== undefined || text !== ''
  if (!isWanted) return undefined
  const format = text === '' ? FORMATS[0] : FORMATS.find((name) => name === text)
  if (format === undefined) throw new UsageError(`${from} must be ${FORMATS.join(' or ')}, not '${text}'.`)
  return { format, to }
}

/** Only what is given: the rest has the defaults of `closeOnSignals`. */
function closingOf(given: Map<string, string>, env: NodeJS.ProcessEnv): CommandLine['closing'] {
  const msOf = (name: string) => (given.has(name) ? wholeNumber(textOf(name, given, env), MOST_MS) : undefined)
  const readinessDelay = msOf('readiness-delay')
  const deadline = msOf('deadline')
  if (readinessDelay && deadline !== undefined && deadline <= readinessDelay) {
    const both = 'both count from the signal'
    throw new UsageError(`--deadline must be more than --readiness-delay, ${readinessDelay}, not ${deadline}: ${both}.`)
  }
  return { readinessDelay, grace: msOf('grace'), deadline }
}

/** The message of a wrong option of `serve()`, in the words of the command line. */
export function asFlags(message: string, from: CommandLine['from']): string {
  return message
    .replace(/^The option "(host|backend)"/, (_, name: 'host' | 'backend') => from[name])
    .replace('The option "seed"', '--seed')
    .replace('The option "control.token"', '$BRINK_CONTROL_TOKEN')
    .replace(/^The option "(max\w+|allow\w+|hostname|hiddenFields)"/, '--limits $1')
    .replace('The option "trustProxy"', '--trust-proxy')
    .replace('The option "proxyProtocol"', '--proxy-protocol')
    .replace('The option "accessLog.to"', '--access-log-to')
    .replace("trustProxy, such as ['10.0.0.0/8']", '--trust-proxy, such as 10.0.0.0/8')
    .replace(/\bhost: '([^']*)'/g, '--host $1')
    .replace(/, port: (\d+)/, ' --port $1')
}

/** The variables of the environment are for ports, which stand back behind what the command line says. */
function placeOf(given: Map<string, string>, env: NodeJS.ProcessEnv): CommandLine['place'] {
  const path = given.get('path')
  const fd = given.get('fd')
  const own = path === undefined ? 'fd' : 'path'
  const others = path === undefined && fd === undefined ? [] : ['port', 'host', 'fd'].filter((name) => name !== own)
  for (const name of others) if (given.has(name)) throw new UsageError(`--${name} cannot be given beside --${own}.`)
  if (given.has('mode') && path === undefined) throw new UsageError('--mode needs --path.')
  if (path !== undefined) return { path, mode: octal(given.get('mode')) }
  if (fd !== undefined) return { fd: descriptor(fd) }
  return { port: wholeNumber(textOf('port', given, env), 65535), host: textOf('host', given, env).text }
}

/** The text of `--help`. */
export function helpText(): string {
  const rowOf = (option: Option): [left: string, right: string] => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `
    const [open, close] = option.choice === undefined ? '<>' : '[]'
    const value = option.value === undefined ? '' : ` ${open}${option.value}${close}`
    const standard = option.default ?? option.standard
    const facts = [standard && `default ${standard}`, option.env && `or $${option.env}`].filter(Boolean)
    return [`  ${short}--${option.name}${value}`, option.help + (facts.length > 0 ? ` (${facts.join(', ')})` : '')]
  }
  const own = OPTIONS.filter(({ isOfTarget }) => !isOfTarget).map(rowOf)
  const ofTarget = OPTIONS.filter(({ isOfTarget }) => isOfTarget).map(rowOf)
  const width = Math.max(...[...own, ...ofTarget].map(([left]) => left.length))
  const line = ([left, right]: [string, string]) => `${left.padEnd(width)}  ${right}`
  return [
    'Usage: brink [folder] [options]',
    '       brink target [options]    a server for load tests and for tests of clients',
    '       brink backends            lists the backends of this system',
    '',
    'Serves a folder of routes over HTTP, one file for each route. Without a folder it',
    'serves ./routes, or, if that does not exist, it is a target. With --files and',
    'without ./routes it serves only the files.',
    '',
    'Options:',
    ...own.map(line),
    '',
    'Options of a target:',
    ...ofTarget.map(line),
    '',
  ].join('\n')
}

function readArguments(args: readonly string[]): { given: Map<string, string>; folders: string[] } {
  const given = new Map<string, string>()
  const folders: string[] = []
  // Not strict: wrong options are reported below, each in one sentence.
  const { tokens } = parseArgs({ args: withChosen(args), options: parserOptions(), strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') folders.push(token.value)
    if (token.kind !== 'option') continue
    const option = OPTIONS.find(({ name }) => name === token.name)
    if (option === undefined) throw unknownOption(token.rawName)
    const takesValue = option.value !== undefined
    if (takesValue && !token.value) throw new UsageError(`${token.rawName} needs a value: <${option.value}>.`)
    if (!takesValue && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value.`)
    given.set(option.name, token.value ?? '')
  }
  return { given, folders }
}

/** Where the value of an option with a choice may be left out, the argument behind it may be something else. */
function withChosen(args: readonly string[]): string[] {
  return args.map((argument, place) => {
    const { choice } = OPTIONS.find(({ name }) => `--${name}` === argument) ?? {}
    return choice === undefined || choice.includes(args[place + 1] ?? '') ? argument : `${argument}=${choice[0]}`
  })
}

function unknownOption(given: string): UsageError {
  const meant = given.startsWith('--')
    ? nearest(
        given.slice(2),
        OPTIONS.map(({ name }) => name),
      )
    : shortOf(given)
  return new UsageError(`Unknown option ${given}${meant === undefined ? '.' : `: did you mean --${meant}?`}`)
}

/** The option whose short form is written in the other case. */
function shortOf(given: string): string | undefined {
  return OPTIONS.find(({ short }) => short === given.slice(1).toLowerCase())?.name
}

function parserOptions(): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  return Object.fromEntries(
    OPTIONS.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
    ]),
  )
}

/** The value of an option, and where it comes from, for error messages. */
function textOf(name: string, given: Map<string, string>, env: NodeJS.ProcessEnv): { text: string; from: string } {
  const text = given.get(name)
  if (text !== undefined) return { text, from: `--${name}` }
  const option = OPTIONS.find((candidate) => candidate.name === name)
  const variable = option?.env
  const inherited = variable === undefined ? undefined : env[variable]
  return inherited ? { text: inherited, from: `$${variable}` } : { text: option?.default ?? '', from: `--${name}` }
}

function workersOf(given: { text: string; from: string }): CommandLine['workers'] {
  if (given.text === '' || given.text === 'max') return given.text || undefined
  const number = /^\d{1,3}$/.test(given.text) ? Number(given.text) : Number.NaN
  if (number >= 1 && number <= 512) return number
  throw new UsageError(`${given.from} must be a number from 1 to 512, or max, not '${given.text}'.`)
}

/** What the list may have is checked by the server. */
function trustOf(text: string | undefined): CommandLine['trustProxy'] {
  if (text === 'true') return true
  return text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : text
}

function proxyProtocolOf(text: string | undefined): CommandLine['proxyProtocol'] {
  if (text === undefined || text === 'require' || text === 'accept') return text
  throw new UsageError(`--proxy-protocol must be require or accept, not '${text}'.`)
}

function octal(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^(?:0o?)?[0-7]{3}$/.test(text)) return Number.parseInt(text.replace('o', ''), 8)
  throw new UsageError(`--mode must be three octal digits, such as 660, not '${text}'.`)
}

function descriptor(text: string): DescriptorPlace['fd'] {
  if (text === 'systemd') return text
  if (/^systemd:./.test(text)) return text as `systemd:${string}`
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError(`--fd must be a number, systemd or systemd:name, not '${text}'.`)
}

function wholeNumber({ text, from }: { text: string; from: string }, most: number): number {
  const number = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN
  if (number <= most) return number
  throw new UsageError(`${from} must be a number from 0 to ${most}, not '${text}'.`)
}
