// Koa, by app.callback().
import { Readable } from 'node:stream'
import Koa from 'koa'

export async function koa({ createServer, ask, listen }) {
  const app = new Koa({ keys: ['key'] })
  const errors = []
  app.on('error', (error) => errors.push(error.message))
  app.use(async (context, next) => {
    await next()
    context.set('X-After', context.path)
  })
  app.use((context) => {
    switch (context.path) {
      case '/text':
        context.body = 'text'
        break
      case '/json':
        context.body = { query: context.query, ip: context.ip, host: context.host }
        break
      case '/stream':
        context.body = Readable.from(['a', 'b'])
        break
      case '/buffer':
        context.body = Buffer.from('bytes')
        break
      case '/empty':
        context.status = 204
        break
      case '/cookie':
        context.cookies.set('name', 'value', { signed: true })
        context.redirect('/text')
        break
      case '/fails':
        context.throw(422, 'not so')
        break
      case '/breaks':
        throw new Error('broken')
      case '/message':
        context.status = 299
        context.message = 'Odd'
        context.body = ''
        break
    }
  })
  const { port, close } = await listen(createServer(app.callback()))
  const answers = []
  const paths = [
    '/text',
    '/json?a=1',
    '/stream',
    '/buffer',
    '/empty',
    '/cookie',
    '/fails',
    '/breaks',
    '/message',
    '/none',
  ]
  for (const method of ['GET', 'HEAD', 'POST']) {
    for (const path of paths)
      answers.push(await ask(port, `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`))
  }
  await close()
  return [...answers, ...errors]
}
