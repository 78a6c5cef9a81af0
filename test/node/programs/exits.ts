// A server of brink/node whose handler ends the process in the middle of an answer.
import type { AddressInfo } from 'node:net'
import { createServer } from 'brink/node'

const server = createServer((_req, res) => {
  res.write('x'.repeat(200_000))
  process.exit(3)
})
server.listen(0, '127.0.0.1', () => console.log(`listening at ${(server.address() as AddressInfo).port}`))
