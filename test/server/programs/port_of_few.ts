// A server in a process that has few descriptors. `/exhausted` tells what the next one would fail with.
import { closeSync, openSync } from 'node:fs'
import { Router, serve } from 'brink'

const LEFT = 15

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
// To load its modules a process needs more descriptors than it is to have from here on.
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  for (const descriptor of taken.splice(0, LEFT)) closeSync(descriptor)
}
console.log(`port ${server.port}`)
