import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { timers } from '../runtime/timers.js'

/** A listening server as `node:async_hooks` shows those of `node:net`. */
class ListeningResource extends AsyncResource {
  readonly owner: EventEmitter & { address(): { port: number; address: string; family: string } }

  constructor(address: { port: number; address: string; family: string }) {
    super('TCPSERVERWRAP', { requireManualDestroy: true })
    this.owner = Object.assign(new EventEmitter(), { address: () => address })
  }
}

/**
 * Tells a port to whoever looks for the servers of Node in this process, as `autocannon --on-port` does: by an async hook, and
 * the event `listening` of the server behind it.
 */
export function noticePort(port: number): void {
  if (port === 0) return
  const resource = new ListeningResource({ port, address: '127.0.0.1', family: 'IPv4' })
  // Hooks begin to listen for the event in the next tick.
  timers.setImmediate(() => {
    resource.owner.emit('listening')
    resource.emitDestroy()
  })
}
