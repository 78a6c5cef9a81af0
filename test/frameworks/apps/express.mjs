// Express 5 and 4: the same app on both.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

function appOf(express) {
  const app = express()
  // Pages of errors have no stacks then, and Express writes them to the console.
  app.set('env', 'production')
  console.error = () => {}
  app.use(require('compression')({ threshold: 2000 }))
  app.get('/', (_req, res) => res.send('Hello, World!'))
  app.get('/json', (req, res) => res.json({ query: req.query, ip: req.ip, host: req.hostname, protocol: req.protocol }))
  app.get('/users/:id', (req, res) => res.status(201).set('X-User', req.params.id).send(`user ${req.params.id}`))
  app.post('/echo', express.json(), (req, res) => res.json({ got: req.body }))
  app.post('/form', express.urlencoded({ extended: false }), (req, res) => res.json(req.body))
  app.post('/raw', express.raw({ type: '*/*', limit: '10mb' }), (req, res) => res.send(`${req.body.length} bytes`))
  app.get('/cookie', (_req, res) => res.cookie('a', 'b', { httpOnly: true }).cookie('c', 'd').redirect('/'))
  app.get('/large', (_req, res) => res.type('text').send('large '.repeat(5000)))
  app.get('/file', (_req, res) => res.sendFile(require.resolve('./text.txt')))
  app.get('/download', (_req, res) => res.download(require.resolve('./text.txt'), 'name.txt'))
  app.use('/static', express.static(import.meta.dirname ?? new URL('.', import.meta.url).pathname))
  app.get('/stream', (_req, res) => {
    res.write('one,')
    setImmediate(() => res.end('two'))
  })
  app.get('/fails', () => {
    throw Object.assign(new Error('failed'), { status: 418, expose: true, stack: 'no stack' })
  })
  return app
}

const get = (target, ...fields) => `${[`GET ${target} HTTP/1.1`, 'Host: x', ...fields].join('\r\n')}\r\n\r\n`
const post = (target, type, body) =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const requests = [
  ...['/', '/json?a=1&b=2', '/users/7', '/cookie', '/large', '/file', '/download', '/stream', '/fails', '/none'].map(
    (target) => get(target),
  ),
  ...['/static/text.txt', '/static/none', '/static/../x', '/%zz', '//a//b'].map((target) => get(target)),
  get('/large', 'Accept-Encoding: gzip'),
  get('/file', 'Range: bytes=1-3'),
  get('/json', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https'),
  get('/').replace('GET', 'HEAD'),
  get('/').replace('GET', 'OPTIONS'),
  get('/').replace('GET', 'DELETE'),
  post('/echo', 'application/json', '{"a":[1,2,{"b":null}]}'),
  post('/echo', 'application/json', '{broken'),
  post('/form', 'application/x-www-form-urlencoded', 'a=1&b=2'),
  post('/raw', 'application/octet-stream', 'r'.repeat(300_000)),
]

async function run(name, { createServer, ask, listen }) {
  const server = createServer(appOf(require(name)))
  const { port, close } = await listen(server)
  const answers = []
  for (const text of requests) answers.push(await ask(port, text))
  answers.push(await ask(port, get('/'), get('/json'), get('/users/1')))
  await close()
  return answers
}

export const express5 = (tools) => run('express', tools)
export const express4 = (tools) => run('express4', tools)
