// An app that uses Hono's middleware and helpers, for whatever serves it.
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { accepts } from 'hono/accepts'
import { env, getRuntimeKey } from 'hono/adapter'
import { basicAuth } from 'hono/basic-auth'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { cache } from 'hono/cache'
import { every, some } from 'hono/combine'
import { compress } from 'hono/compress'
import { contextStorage, getContext } from 'hono/context-storage'
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { csrf } from 'hono/csrf'
import { css, Style } from 'hono/css'
import { etag } from 'hono/etag'
import { createFactory } from 'hono/factory'
import { html } from 'hono/html'
import { HTTPException } from 'hono/http-exception'
import { ipRestriction } from 'hono/ip-restriction'
import { jsx } from 'hono/jsx'
import { jsxRenderer } from 'hono/jsx-renderer'
import { jwk } from 'hono/jwk'
import { jwt, sign } from 'hono/jwt'
import { languageDetector } from 'hono/language'
import { logger } from 'hono/logger'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { methodOverride } from 'hono/method-override'
import { mount } from 'hono/mount'
import { poweredBy } from 'hono/powered-by'
import { prettyJSON } from 'hono/pretty-json'
import { proxy } from 'hono/proxy'
import { requestId } from 'hono/request-id'
import { matchedRoutes, routePath } from 'hono/route'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { secureHeaders } from 'hono/secure-headers'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { timeout } from 'hono/timeout'
import { setMetric, timing } from 'hono/timing'
import { trimTrailingSlash } from 'hono/trailing-slash'
import { validator } from 'hono/validator'

const SECRET = 'not much of a secret'
const text = 'All work and no play makes Jack a dull boy. '.repeat(40)

/** Hono's renderers take nodes, which its types do not say outside of JSX. */
const page = (node: unknown) => node as string

/** `folder`: to serve below /static; `logged`: what the logger says. */
export function honoApp(folder: string, logged: string[]) {
  const app = new Hono({ router: new RegExpRouter() })
  app.use(
    '/logged/*',
    logger((line) => logged.push(line.replace(/\d+m?s/, 'N'))),
  )
  app.use('/static/*', serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice('/static'.length) }))

  app.get('/', (c) => c.text('Hello'))
  app.get('/logged/x', (c) => c.text('logged', 201))
  app.get('/json', (c) => c.json({ a: [1, 'é'] }))
  app.get('/json/headers', (c) => c.json({ a: 1 }, 202, { 'x-a': '1' }))
  app.get('/html', (c) => c.html('<p>é'))
  app.get('/template', (c) => c.html(html`<p>${'<b>'}</p>`))
  app.get('/body', (c) => c.body('raw', 206, { 'content-type': 'text/x-raw' }))
  app.get('/bytes', (c) => c.body(new Uint8Array([1, 2, 255]).buffer))
  app.get('/none', (c) => c.body(null, 204))
  app.get('/redirect', (c) => c.redirect('/else', 303))
  app.get('/not-found', (c) => c.notFound())
  app.get('/header', (c) => {
    c.header('x-one', '1')
    c.header('vary', 'a', { append: true })
    c.header('vary', 'b', { append: true })
    c.status(203)
    return c.text('with headers')
  })
  app.get('/users/:id', (c) => c.json([c.req.param('id'), c.req.query(), c.req.queries('a') ?? null]))
  app.get('/opt/:name?', (c) => c.text(c.req.param('name') ?? 'nobody'))
  app.get('/num/:n{[0-9]+}', (c) => c.text(c.req.param('n')))
  app.get('/wild/*', (c) => c.text(c.req.path))
  app.get('/request', (c) =>
    c.json({
      method: c.req.method,
      path: new URL(c.req.url).pathname,
      accept: c.req.header('Accept'),
      all: Object.keys(c.req.header()).filter((name) => name.startsWith('x-')),
      is: c.req.raw instanceof Request,
    }),
  )
  app.get('/accepts', (c) => c.text(accepts(c, { header: 'Accept-Language', supports: ['en', 'de'], default: 'en' })))

  app.get('/error', () => {
    throw new HTTPException(418, { message: 'teapot' })
  })
  app.get('/error/response', () => {
    throw new HTTPException(401, { res: new Response('own', { status: 401, headers: { 'x-own': '1' } }) })
  })
  app.get('/throw', () => {
    throw new Error('unexpected')
  })

  app.post('/text', async (c) => c.text(await c.req.text()))
  app.post('/json', async (c) => c.json(await c.req.json()))
  app.post('/twice', async (c) => c.json([await c.req.text(), await c.req.json()]))
  app.post('/bytes', async (c) => c.json((await c.req.arrayBuffer()).byteLength))
  app.post('/blob', async (c) => {
    const blob = await c.req.blob()
    return c.json([blob.size, blob.type])
  })
  app.post('/form', async (c) => {
    const form = await c.req.formData()
    return c.json([...form].map(([name, value]) => [name, typeof value === 'string' ? value : value.name]))
  })
  app.post('/parsed', async (c) => {
    const { file, ...body } = await c.req.parseBody({ all: true })
    return c.json([body, file instanceof File ? await file.text() : null])
  })
  app.post('/stream', async (c) => {
    let length = 0
    for await (const chunk of c.req.raw.body as unknown as AsyncIterable<Uint8Array>) length += chunk.length
    return c.json({ length, used: c.req.raw.bodyUsed })
  })
  app.post('/clone', async (c) => {
    const copy = c.req.raw.clone()
    return c.json([await copy.text(), await c.req.text(), c.req.raw.bodyUsed])
  })
  app.post('/again', async (c) => c.text(await new Request(c.req.raw).text()))
  app.post('/pipe', (c) => new Response(c.req.raw.body, { headers: { 'x-piped': 'yes' } }))
  app.post('/limited', bodyLimit({ maxSize: 10 }), async (c) => c.text(await c.req.text()))
  app.post(
    '/validated',
    validator('json', (value: { name?: unknown }, c) =>
      typeof value.name === 'string' ? { name: value.name } : c.text('no name', 400),
    ),
    (c) => c.json(c.req.valid('json')),
  )
  app.post(
    '/validated/form',
    validator('form', (value) => value),
    (c) => c.json(c.req.valid('form')),
  )

  app.get('/stream', (c) =>
    stream(c, async (out) => {
      await out.write('a')
      await out.write(new Uint8Array([98]))
      await out.pipe(new Blob(['c']).stream())
    }),
  )
  app.get('/stream/text', (c) =>
    streamText(c, async (out) => {
      await out.writeln('one')
      await out.sleep(1)
      await out.write('two')
    }),
  )
  app.get('/sse', (c) =>
    streamSSE(c, async (out) => {
      for (let id = 0; id < 3; id += 1) await out.writeSSE({ data: `message ${id}`, event: 'tick', id: String(id) })
    }),
  )
  app.get('/response', () => new Response('standard', { status: 202, statusText: 'Fine', headers: { 'x-a': 'b' } }))
  app.get('/response/json', () => Response.json({ a: 1 }, { status: 201 }))
  app.get('/response/redirect', () => Response.redirect('http://a.example/x', 301))
  app.get('/response/blob', () => new Response(new Blob(['blob'], { type: 'text/x-blob' })))
  app.get('/response/search', () => new Response(new URLSearchParams({ a: 'ü' })))
  app.get('/response/clone', async () => {
    const response = new Response('cloned')
    return new Response(`${await response.clone().text()} ${await response.text()} ${response.bodyUsed}`)
  })

  app.get('/cookies', async (c) => {
    setCookie(c, 'a', '1', { path: '/', httpOnly: true })
    await setSignedCookie(c, 'b', '2', SECRET)
    deleteCookie(c, 'c')
    return c.json([getCookie(c), await getSignedCookie(c, SECRET, 'signed')])
  })
  app.use('/basic/*', basicAuth({ username: 'ada', password: 'pw' }))
  app.get('/basic/x', (c) => c.text('in'))
  app.use('/bearer/*', bearerAuth({ token: 'tok' }))
  app.get('/bearer/x', (c) => c.text('in'))
  app.get('/jwt/token', async (c) => c.text(await sign({ sub: 'ada' }, SECRET, 'HS256')))
  app.use('/jwt/x', jwt({ secret: SECRET, alg: 'HS256' }))
  app.get('/jwt/x', (c) => c.json(c.get('jwtPayload')))
  app.use('/cors/*', cors({ origin: 'http://a.example', credentials: true, exposeHeaders: ['x-a'] }))
  app.all('/cors/x', (c) => c.text('shared'))
  app.use('/csrf/*', csrf())
  app.post('/csrf/x', (c) => c.text('posted'))
  app.use('/etag/*', etag())
  app.get('/etag/x', (c) => c.text('tagged'))
  app.use('/compress/*', compress({ threshold: 100 }))
  app.get('/compress/text', (c) => c.text(text))
  app.get('/compress/small', (c) => c.text('small'))
  app.use('/secure/*', secureHeaders())
  app.get('/secure/x', (c) => c.text('secure'))
  app.use('/pretty/*', prettyJSON())
  app.get('/pretty/x', (c) => c.json({ a: { b: 1 } }))
  app.use('/powered/*', poweredBy())
  app.get('/powered/x', (c) => c.text('powered'))
  app.use('/id/*', requestId({ headerName: 'x-id' }))
  app.get('/id/x', (c) => c.text(c.get('requestId')))
  app.use('/timing/*', timing({ total: false }))
  app.get('/timing/x', (c) => {
    setMetric(c, 'region', 'europe')
    return c.text('timed')
  })
  app.use('/timeout/*', timeout(10))
  app.get('/timeout/x', () => new Promise<Response>(() => {}))
  app.use('/storage/*', contextStorage())
  app.get('/storage/x', async () => {
    await null
    return getContext().text('from the storage')
  })
  app.use('/language/*', languageDetector({ supportedLanguages: ['en', 'de'], fallbackLanguage: 'en' }))
  app.get('/language/x', (c) => c.text(c.get('language')))
  app.use(
    '/every/*',
    every(
      poweredBy({ serverName: 'every' }),
      some(bearerAuth({ token: 'x' }), basicAuth({ username: 'a', password: 'b' })),
    ),
  )
  app.get('/every/x', (c) => c.text('in'))
  app.use(
    '/ip/*',
    ipRestriction((c) => (c.env as { incoming: { socket: { remoteAddress: string } } }).incoming.socket.remoteAddress, {
      allowList: ['127.0.0.1', '::1'],
    }),
  )
  app.get('/ip/x', (c) => c.text('near'))
  app.use('/override', methodOverride({ app }))
  app.delete('/override', (c) => c.text('deleted'))
  app.post('/override', (c) => c.text('posted'))
  app.use('/slash/*', trimTrailingSlash())
  app.get('/slash/x', (c) => c.text('trimmed'))
  app.use('/late/*', async (c, next) => {
    await next()
    c.header('x-late', 'yes')
    c.res.headers.append('set-cookie', 'late=1')
    c.res.headers.append('set-cookie', 'later=2')
  })
  app.get('/late/x', (c) => c.json({ late: true }))
  app.use('/replaced/*', async (c, next) => {
    await next()
    c.res = new Response(`<${await c.res.text()}>`, c.res)
  })
  app.get('/replaced/x', (c) => c.text('replaced', 201, { 'x-kept': '1' }))

  app.use(
    '/jsx/*',
    jsxRenderer(({ children }) => page(jsx('html', {}, jsx('body', {}, children)))),
  )
  app.get('/jsx/x', (c) => {
    const red = css`
      color: red;
    `
    return c.render(page(jsx('p', { class: 'a' }, '<escaped>', jsx(Style, {}), jsx('b', { class: red }, 'red'))))
  })
  app.use('/jwk/*', jwk({ keys: [], alg: ['ES256'], allow_anon: true }))
  app.get('/jwk/x', (c) => c.json(c.get('jwtPayload') ?? 'nobody'))
  // Only where the runtime has a cache of the web's kind does it keep anything.
  app.use('/cached/*', cache({ cacheName: 'app', cacheControl: 'max-age=60', onCacheNotAvailable: false }))
  app.get('/cached/x', (c) => c.text('cached'))
  const factory = createFactory<{ Variables: { made: string } }>()
  const makes = factory.createMiddleware(async (c, next) => {
    c.set('made', 'by a factory')
    await next()
  })
  app.get('/factory/x', ...factory.createHandlers(makes, (c) => c.text(c.get('made'))))
  app.get('/route/:id', (c) => c.json([routePath(c), matchedRoutes(c).map(({ path, method }) => [method, path])]))
  app.get('/runtime', (c) => c.json([getRuntimeKey(), typeof env(c).PATH]))
  app.all(
    '/mount/*',
    mount((request: Request) => new Response(`${request.method} ${new URL(request.url).pathname}`)),
  )
  const strict = new Hono()
  strict.use(methodNotAllowed({ app: strict }))
  strict.get('/strict', (c) => c.text('only GET'))
  app.mount('/only', strict.fetch)
  app.get('/proxied', (c) => c.json({ host: new URL(c.req.url).hostname, agent: c.req.header('x-agent') }))
  app.get('/proxy', (c) => proxy(`${new URL(c.req.url).origin}/proxied`, { headers: { 'x-agent': 'proxy' } }))
  app.post('/proxy', (c) => proxy(`${new URL(c.req.url).origin}/text`, c.req))
  app.post('/fetched', (c) => fetch(new Request(`${new URL(c.req.url).origin}/text`, c.req.raw)))
  const nested = new Hono().basePath('/deep').get('/x', (c) => c.text(`${c.req.path} nested`))
  app.route('/nested', nested)
  app.mount('/mounted', (request: Request) => new Response(new URL(request.url).pathname))
  app.notFound((c) => c.text(`no ${c.req.path}`, 404))
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    return c.text(`failed: ${error.message}`, 500)
  })
  return app
}
