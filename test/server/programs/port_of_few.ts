// A server in a process that has few descriptors left. `/exhausted` tells what the next one would fail with.
import { closeSync, openSync } from 'node:fs'
import { Router, serve } from 'brink'

function nextDescriptor(): string {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return 'there is one'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no code'
  }
}

const app = new Router().get('/', () => 'answered').get('/exhausted', nextDescriptor)
const server = await serve(app, { port: 0, host: '127.0.0.1' })
// What Node opens for itself is open by now: some are kept free, and the others taken.
const FREE = 20
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  for (let count = 0; count < FREE; count += 1) closeSync(taken.pop() as number)
}
console.log(`port ${server.port}`)
