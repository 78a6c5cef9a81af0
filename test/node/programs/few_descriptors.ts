// A server of brink/node that has used up all descriptors when its clients come, and frees them when it is told.
import { closeSync, openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'brink/node'

const server = createServer((_req, res) => res.end('answered'))
server.listen(0, '127.0.0.1', () => {
  const taken: number[] = []
  process.stdin.once('data', () => {
    for (const descriptor of taken) closeSync(descriptor)
  })
  const { port } = server.address() as AddressInfo
  console.log(`listening at ${port}`)
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    console.log(`none are left: ${(error as NodeJS.ErrnoException).code}`)
  }
})
