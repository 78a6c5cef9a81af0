import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { helpText, parseCommandLine } from '#brink/cli/cli_options.js'
import { UsageError } from '#brink/cli/usage_error.js'

const NO_TARGET_FLAGS = {
  json: false,
  seed: undefined,
  plan: undefined,
  fault: undefined,
  limits: undefined,
  faultLimits: undefined,
  control: undefined,
}

const WITH_TOKEN = { ...NO_TARGET_FLAGS, control: { token: 'secret' } }

const defaults = {
  help: false,
  version: false,
  folder: undefined,
  files: undefined,
  listsBackends: false,
  isTarget: false,
  target: NO_TARGET_FLAGS,
  targetFlags: [],
  place: { port: 8080, host: 'localhost' },
  backend: 'auto',
  threads: undefined,
  workers: undefined,
  trustProxy: undefined,
  proxyProtocol: undefined,
  tls: undefined,
  admin: undefined,
  accessLog: undefined,
  closing: { readinessDelay: undefined, grace: undefined, deadline: undefined },
  from: { host: '--host', backend: '--backend' },
}

const understood: [line: string, env: Record<string, string>, expected: object][] = [
  ['', {}, {}],
  ['routes --port 9000', {}, { folder: 'routes', place: { port: 9000, host: 'localhost' } }],
  ['--files public', {}, { files: 'public' }],
  ['routes -f public', {}, { folder: 'routes', files: 'public' }],
  ['backends', {}, { folder: 'backends', listsBackends: true }],
  ['target', {}, { folder: 'target', isTarget: true }],
  ...(
    [
      ['--json', { json: true }],
      ['--seed 7', { seed: 7 }],
      ['--control loopback', { control: 'loopback' }],
      ['--plan plan.json', { plan: 'plan.json' }],
      ['--fault status=503:5%', { fault: 'status=503:5%' }],
      ['--limits maxDuration=30000,maxDelay=5', { limits: { maxDuration: 30_000 }, faultLimits: { maxDelay: 5 } }],
      ['--limits allowedRedirects=a.example|b.example', { limits: { allowedRedirects: ['a.example', 'b.example'] } }],
      ['--limits=allowedRedirects=*,hostname=true', { limits: { allowedRedirects: '*', hostname: true } }],
    ] as const
  ).map(([line, flags]): [string, Record<string, string>, object] => [
    line,
    {},
    { target: { ...NO_TARGET_FLAGS, ...flags }, targetFlags: [line.replace(/[ =].*/, '')] },
  ]),
  ['target', { BRINK_CONTROL_TOKEN: 'secret' }, { folder: 'target', isTarget: true, target: WITH_TOKEN }],
  [
    'target --control token',
    { BRINK_CONTROL_TOKEN: 'secret' },
    { folder: 'target', isTarget: true, target: WITH_TOKEN, targetFlags: ['--control'] },
  ],
  ['--threads 2', {}, { threads: 2 }],
  ['-t 0', {}, { threads: 0 }],
  ['--workers 4', {}, { workers: 4 }],
  ['-w max', {}, { workers: 'max' }],
  ['', { BRINK_WORKERS: '2' }, { workers: 2 }],
  ['', { BRINK_THREADS: '3' }, { threads: 3 }],
  ['-p 0 --host=:: --backend epoll', {}, { place: { port: 0, host: '::' }, backend: 'epoll' }],
  ['--access-log', {}, { accessLog: { format: 'combined', to: undefined } }],
  ['--access-log json', {}, { accessLog: { format: 'json', to: undefined } }],
  ['--access-log routes', {}, { folder: 'routes', accessLog: { format: 'combined', to: undefined } }],
  ['--access-log=json --access-log-to a.log', {}, { accessLog: { format: 'json', to: 'a.log' } }],
  ['--access-log-to a.log', {}, { accessLog: { format: 'combined', to: 'a.log' } }],
  ['', { BRINK_ACCESS_LOG: 'json' }, { accessLog: { format: 'json', to: undefined } }],
  ['--trust-proxy true', {}, { trustProxy: true }],
  ['--trust-proxy 2', {}, { trustProxy: 2 }],
  ['--trust-proxy=10.0.0.0/8,loopback', {}, { trustProxy: '10.0.0.0/8,loopback' }],
  ['--trust-proxy unix --proxy-protocol require', {}, { trustProxy: 'unix', proxyProtocol: 'require' }],
  ['--proxy-protocol=accept', {}, { proxyProtocol: 'accept' }],
  ['--readiness-delay 5000 --grace=0', {}, { closing: { readinessDelay: 5000, grace: 0, deadline: undefined } }],
  ['--deadline 30000', {}, { closing: { readinessDelay: undefined, grace: undefined, deadline: 30000 } }],
  ['--tls-key k.pem --tls-cert=c.pem', {}, { tls: { key: 'k.pem', cert: 'c.pem' } }],
  ['--tls-self-signed', {}, { tls: 'self-signed' }],
  ['--admin-port 9100', {}, { admin: { port: 9100, host: 'localhost' } }],
  ['--admin-port=0 --admin-host 0.0.0.0', {}, { admin: { port: 0, host: '0.0.0.0' } }],
  ['--help', {}, { help: true }],
  ['-h -v', {}, { help: true, version: true }],
  [
    '',
    { PORT: '81', HOST: '0.0.0.0', BRINK_BACKEND: 'poll' },
    { place: { port: 81, host: '0.0.0.0' }, backend: 'poll', from: { host: '$HOST', backend: '$BRINK_BACKEND' } },
  ],
  ['--port 9000', { PORT: 'nonsense' }, { place: { port: 9000, host: 'localhost' } }],
  ['--path /run/a.sock', { PORT: '81' }, { place: { path: '/run/a.sock', mode: undefined } }],
  ['--path a.sock --mode 660', {}, { place: { path: 'a.sock', mode: 0o660 } }],
  ['--path a.sock --mode=0o600', {}, { place: { path: 'a.sock', mode: 0o600 } }],
  ['--fd 3', { HOST: '' }, { place: { fd: 3 } }],
  ['--fd systemd:web', {}, { place: { fd: 'systemd:web' } }],
  ['', { PORT: '' }, {}],
  ['-- -odd', {}, { folder: '-odd' }],
]

for (const [line, env, expected] of understood) {
  test(`brink ${line} ${JSON.stringify(env)}`, () => {
    assert.equal(parseCommandLine(line.split(' ').filter(Boolean), env), { ...defaults, ...expected })
  })
}

const refused: [line: string, env: Record<string, string>, expected: RegExp][] = [
  ['target --control token', {}, /^--control token needs the token in \$BRINK_CONTROL_TOKEN\.$/],
  ['target --control us', {}, /^--control must be all, read, loopback, none or token, not 'us'\.$/],
  ['target --seed -1', {}, /^--seed must be a whole number from 0 to 9007199254740991, not '-1'\.$/],
  ['target --limits maxDuration', {}, /^--limits must be a list such as .*, not 'maxDuration'\.$/],
  ['target --limits maxDurration=1', {}, /^--limits has no limit 'maxDurration': did you mean maxDuration\?$/],
  ['target --limits speed=1', {}, /^--limits has no limit 'speed': the limits are allowActiveContent, .*\.$/],
  ['target --fault empty --plan a.json', {}, /^--fault cannot be given beside --plan/],
  ['--tls-cert c.pem', {}, /^--tls-key and --tls-cert need each other\.$/],
  ['--tls-self-signed --workers 2', {}, /^--tls-self-signed cannot be given beside --workers\.$/],
  ['--tls-self-signed=yes', {}, /^--tls-self-signed takes no value\.$/],
  ['--prot 80', {}, /^Unknown option --prot: did you mean --port\?$/],
  ['-x', {}, /^Unknown option -x\.$/],
  ['--port', {}, /^--port needs a value: <number>\.$/],
  ['--port=', {}, /^--port needs a value/],
  ['--port 65536', {}, /^--port must be a number from 0 to 65535, not '65536'\.$/],
  ['--threads 129', {}, /^--threads must be a number from 0 to 128, not '129'\.$/],
  ['--port -1', {}, /^--port must be a number .* not '-1'\.$/],
  ['--port 80a', {}, /not '80a'/],
  ['--port 1e3', {}, /not '1e3'/],
  ['', { PORT: 'http' }, /^\$PORT must be a number from 0 to 65535, not 'http'\.$/],
  ['--trust-proxy', {}, /^--trust-proxy needs a value: <list>\.$/],
  ['--access-log=apache', {}, /^--access-log must be combined or json, not 'apache'\.$/],
  ['', { BRINK_ACCESS_LOG: 'yes' }, /^\$BRINK_ACCESS_LOG must be combined or json, not 'yes'\.$/],
  ['--proxy-protocol v2', {}, /^--proxy-protocol must be require or accept, not 'v2'\.$/],
  ['--help=yes', {}, /^--help takes no value\.$/],
  ['--grace 86400001', {}, /^--grace must be a number from 0 to 86400000, not '86400001'\.$/],
  ['--deadline soon', {}, /^--deadline must be a number from 0 to 86400000, not 'soon'\.$/],
  ['--readiness-delay 5 --deadline 5', {}, /^--deadline must be more than --readiness-delay, 5, not 5: both count/],
  ['--path a --port 80', {}, /^--port cannot be given beside --path\.$/],
  ['--path a --fd 3', {}, /^--fd cannot be given beside --path\.$/],
  ['--fd 3 --host ::', {}, /^--host cannot be given beside --fd\.$/],
  ['--workers 0', {}, /^--workers must be a number from 1 to 512, or max, not '0'\.$/],
  ['', { BRINK_WORKERS: 'all' }, /^\$BRINK_WORKERS must be a number from 1 to 512, or max, not 'all'\.$/],
  ['--admin-port x', {}, /^--admin-port must be a number from 0 to 65535, not 'x'\.$/],
  ['--admin-host ::', {}, /^--admin-host needs --admin-port\.$/],
  ['--mode 660', {}, /^--mode needs --path\.$/],
  ['--path a --mode 66', {}, /^--mode must be three octal digits, such as 660, not '66'\.$/],
  ['--path a --mode 888', {}, /not '888'/],
  ['--fd three', {}, /^--fd must be a number, systemd or systemd:name, not 'three'\.$/],
  ['a b', {}, /^Name one routes folder, not 2: a, b\.$/],
]

for (const [line, env, expected] of refused) {
  test(`brink ${line} ${JSON.stringify(env)} is refused in one sentence`, () => {
    try {
      parseCommandLine(line.split(' ').filter(Boolean), env)
      assert.unreachable('it was understood')
    } catch (error) {
      assert.instance(error, UsageError)
      assert.match((error as Error).message, expected)
    }
  })
}

test('the help names every option, and fits a terminal', () => {
  for (const name of [
    '--port',
    '--host',
    '--path',
    '--mode',
    '--fd',
    '--backend',
    '--trust-proxy',
    '--proxy-protocol',
    '--help',
    '--version',
    '$PORT',
    '8080',
  ]) {
    assert.ok(helpText().includes(name), name)
  }
  for (const line of helpText().split('\n')) assert.ok(line.length <= 100, line)
})

test.run()
