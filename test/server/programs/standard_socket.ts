// Serves on its standard input, which is a socket: closes, and serves again, when it is told to.
import { once } from 'node:events'
import { serve } from 'brink'

const told = () => once(process, 'message')

for (const name of ['first', 'second']) {
  const server = await serve(() => name, { fd: 0 })
  process.send?.('serves')
  await told()
  await server.close({ force: 0 })
  if (name === 'second') break
  process.send?.('closed')
  await told()
}
process.disconnect()
