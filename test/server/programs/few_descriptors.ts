// Serves with ever more free descriptors, from none on, until there are enough; tells how each attempt ended, and how
// many descriptors it left behind. At a path, if there is an argument, else at a port.
import { closeSync, existsSync, openSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { type Server, serve } from 'brink'

const taken: number[] = []

/** Opens whatever there is to open, and gives how many that were. */
function takeAll(): number {
  const before = taken.length
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    return taken.length - before
  }
}

const [, , path] = process.argv
const place = path === undefined ? { port: 0, host: '127.0.0.1' } : { path }
const attempt = (): Promise<Server> => serve(() => 'answered', place)
const fileLeft = () => (path !== undefined && existsSync(path) ? ', and its file' : '')

// What Node itself opens once, at the first time, is open from here on.
await (await attempt()).close()
takeAll()
for (let free = 0; ; free += 1) {
  const ending = await attempt().then(
    async (server) => {
      await server.close()
      return 'it serves'
    },
    (error: NodeJS.ErrnoException) => String(error.code),
  )
  // Descriptors may be closed in the next turns of the loop.
  for (let turns = 0; turns < 5; turns += 1) await turn()
  console.log(`${free} free: ${ending}, ${free - takeAll()} left open${fileLeft()}`)
  if (ending === 'it serves') break
  for (let count = 0; count <= free; count += 1) closeSync(taken.pop() as number)
}
