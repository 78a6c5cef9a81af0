// What serving an app of fetch does to globalThis, in processes of their own.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { moduleOutput } from '../node_output.js'

function run(code: string): string {
  return moduleOutput(`
    const before = { Request, Response, Headers, fetch }
    const same = () => Object.keys(before).map((name) => globalThis[name] === before[name]).join()
    const { serve } = await import('brink')
    const tools = await import('brink/fetch')
    ${code}
  `)
}

test('importing brink and brink/fetch replaces nothing, nor does a router', () => {
  const said = run(`
    const server = await serve(() => '', { port: 0 })
    await server.close()
    console.log(same())
  `)
  assert.is(said, 'true,true,true,true')
})

test('an app of fetch has Request, Response and fetch replaced, which stay', () => {
  const said = run(`
    const server = await serve({ port: 0, fetch: () => new Response() })
    await server.close()
    const { Response: first } = globalThis
    await (await serve({ port: 0, fetch: () => new Response() })).close()
    console.log(same(), first === Response, Object.keys(globalThis).includes('Response'))
  `)
  assert.is(said, 'false,false,true,false true false')
})

test('overrideGlobals: false leaves everything as it is, and the app works', () => {
  const said = run(`
    const server = await serve({
      port: 0,
      overrideGlobals: false,
      async fetch(request) {
        const parts = [request instanceof Request, request.headers instanceof Headers, await request.clone().text()]
        return new Response([...parts, await request.text()].join(), { headers: { 'x-a': '1' } })
      },
    })
    const response = await fetch(server.url, { method: 'POST', body: 'body' })
    console.log(same(), response.headers.get('x-a'), await response.text())
    await server.close()
  `)
  assert.is(said, 'true,true,true,true 1 true,true,body,body')
})

test('classes that another library has put there before are extended at their root', () => {
  const said = run(`
    globalThis.Response = class Response extends before.Response {}
    const Theirs = Response
    const server = await serve({ port: 0, fetch: () => new Theirs('theirs') })
    const response = await fetch(server.url)
    const all = [response instanceof Response, new Theirs() instanceof Response, new Response() instanceof before.Response]
    console.log(await response.text(), ...all)
    await server.close()
  `)
  assert.is(said, 'theirs true true true')
})

test('brink and brink/fetch share their classes', () => {
  const said = run(`
    const server = tools.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('one') })
    await server.ready()
    const { Response: first } = globalThis
    const other = await serve({ port: 0, fetch: () => new first('two') })
    console.log(first === Response, await (await fetch(server.url)).text(), await (await fetch(other.url)).text())
    await Promise.all([server.close(), other.close()])
  `)
  assert.is(said, 'true one two')
})

test.run()
