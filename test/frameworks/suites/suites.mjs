// The suites that can be run: the public repository and version, how its packages are prepared, and how its own test
// script runs it.

const mocha = (flags, files = /^test\/[^/]+\.js$/) => ({ runner: 'mocha', flags, files })
const leaks = mocha(['--check-leaks'])
const environment = ['--require', './test/support/env', '--check-leaks']
const acceptance = /^test\/(acceptance\/)?[^/]+\.js$/

export const suites = {
  express: { repository: 'expressjs/express', version: 'v5.2.1', ...mocha(environment, acceptance) },
  express4: { repository: 'expressjs/express', version: 'v4.22.2', ...mocha(environment, acceptance) },
  fastify: { repository: 'fastify/fastify', version: 'v5.12.1', runner: 'node', files: /^test\/.*\.test\.m?js$/ },
  koa: {
    repository: 'koajs/koa',
    version: 'v3.2.0',
    prepare: ['npx gen-esm-wrapper . ./dist/koa.mjs'],
    runner: 'node',
    files: /^__tests__\/.*\.test\.js$/,
  },
  connect: { repository: 'senchalabs/connect', version: '3.7.0', ...mocha(environment) },
  send: { repository: 'pillarjs/send', version: '1.2.1', ...leaks },
  'serve-static': { repository: 'expressjs/serve-static', version: 'v2.2.1', ...leaks },
  finalhandler: { repository: 'pillarjs/finalhandler', version: 'v2.1.1', ...leaks },
  'body-parser': { repository: 'expressjs/body-parser', version: 'v2.3.0', ...leaks },
  compression: { repository: 'expressjs/compression', version: 'v1.8.1', ...leaks },
  session: {
    repository: 'expressjs/session',
    version: 'v1.19.0',
    prepare: ['sh test/support/gencert.sh'],
    ...mocha(environment),
  },
  'cookie-session': { repository: 'expressjs/cookie-session', version: 'v2.1.1', ...leaks },
  morgan: { repository: 'expressjs/morgan', version: '1.10.1', ...leaks },
  multer: {
    repository: 'expressjs/multer',
    version: 'v2.1.1',
    ...mocha(['--exit', '--check-leaks'], /^test\/[^_/][^/]*\.js$/),
  },
  'on-headers': { repository: 'jshttp/on-headers', version: 'v1.1.0', ...leaks },
  supertest: {
    repository: 'ladjs/supertest',
    version: 'v6.3.4',
    ...mocha(['--exit', '--require', 'should', '--check-leaks']),
  },
  'http-proxy': { repository: 'http-party/node-http-proxy', version: '1.18.1', ...mocha([], /^test\/lib[^/]+\.js$/) },
  ws: { repository: 'websockets/ws', version: '8.21.0', ...mocha(['--throw-deprecation'], /^test\/[^/]+\.test\.js$/) },
  'node-core': {
    repository: 'denoland/node_test',
    version: '170b25ab',
    runner: 'plain',
    files: /^test\/(parallel|sequential)\/test-http-[^/]+\.m?js$/,
  },
}
