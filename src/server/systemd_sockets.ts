// Sockets that systemd has opened and passed to this process, see sd_listen_fds(3).
import { coded } from '../runtime/errors.js'

interface Passed {
  readonly fd: number
  readonly name: string
}

const FIRST = 3

// The variables are read once, because they are removed then: they are not for processes that this one starts.
let passed: Passed[] | undefined
let complaint = ''

/**
 * The descriptors that systemd has passed; with a name, those of this name.
 * @throws Error `ERR_NO_SYSTEMD_SOCKET`
 */
export function systemdDescriptors(name?: string): number[] {
  passed ??= passedIn(process.env)
  if (passed.length === 0) throw noSocket(complaint || 'all that systemd has passed were taken already')
  const found = passed.filter((socket) => name === undefined || socket.name === name).map(({ fd }) => fd)
  if (found.length > 0) return found
  const names = [...new Set(passed.map((socket) => socket.name))].join(', ')
  throw noSocket(`systemd has passed none of the name '${name}', but of: ${names}`)
}

/** A server has them now. */
export function takeSystemdDescriptors(taken: readonly number[]): void {
  passed = passed?.filter(({ fd }) => !taken.includes(fd))
}

function passedIn(env: NodeJS.ProcessEnv): Passed[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  if (LISTEN_PID === undefined || LISTEN_FDS === undefined) {
    complaint =
      'LISTEN_FDS and LISTEN_PID are not set, so systemd has passed none: start the service by its socket unit'
    return []
  }
  if (LISTEN_PID !== String(process.pid)) {
    complaint = `systemd has passed them to the process ${LISTEN_PID}, and this one is ${process.pid}: let the unit start node itself, without npm or a shell between`
    return []
  }
  const count = /^\d{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0
  if (count === 0) complaint = `LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}`
  const names = LISTEN_FDNAMES.split(':')
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST + index, name: names[index] || 'unknown' }))
}

function noSocket(why: string): Error {
  return coded(new Error(`There is no socket of systemd to listen on: ${why}.`), 'ERR_NO_SYSTEMD_SOCKET')
}
