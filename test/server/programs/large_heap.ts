// A server in a process with a large heap of small pieces, half of them free. Told "watch" it measures the most CPU
// time, in milliseconds, between two turns of its event loop; any other message asks for it.
import { serve } from 'brink'

const pieces = Array.from({ length: 65_000 }, () => Buffer.allocUnsafeSlow(9_000).fill(1))
const kept = pieces.filter((_, place) => place % 2 === 0)
pieces.length = 0
globalThis.gc?.()

const server = await serve(() => `${kept.length} pieces`, { port: 0, host: '127.0.0.1' })
let most = 0
let last = process.cpuUsage()

function look(): void {
  const now = process.cpuUsage()
  most = Math.max(most, (now.user + now.system - last.user - last.system) / 1000)
  last = now
  setImmediate(look)
}

process.on('message', (message) => {
  if (message !== 'watch') process.send?.({ most, open: server.stats().open })
  else {
    most = 0
    last = process.cpuUsage()
    look()
  }
})
process.send?.({ port: server.port })
