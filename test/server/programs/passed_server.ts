// A server on sockets that were passed to its process. Its argument is the options of serve(), as JSON; the second one
// whether it opens another server afterwards. It says what it listens on or what has failed, and closes when its input
// ends.
import { fstatSync } from 'node:fs'
import { notifySystemd, serve } from 'brink'

const [, , options = '{}', others] = process.argv
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)
const isOpen = (fd: number) => {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
const variables = () => Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'))

process.on('warning', ({ name, message, code }: Error & { code?: string }) => {
  if (name === 'BrinkWarning') say({ warning: code, message })
})
try {
  const servers = [await serve(({ ip }) => `${process.pid} ${ip}`, JSON.parse(options))]
  say({ listeners: servers[0]?.listeners, variables: variables(), took: !isOpen(3) })
  if (others !== undefined) servers.push(await serve(() => 'other', JSON.parse(others)))
  process.stdin.on('data', () =>
    say({ told: notifySystemd('RELOADING=1', 'STATUS=again') && notifySystemd('READY=1') }),
  )
  process.stdin.on('end', async () => {
    for (const server of servers) await server.close({ force: 0 })
    say({ closed: true })
  })
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  say({ code, message, stillOpen: isOpen(3) })
}
