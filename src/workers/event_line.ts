import type { WorkerEvent } from './options.js'

/** What the command line says about an event; undefined for what is as usual. */
export function eventLine(event: WorkerEvent): string | undefined {
  switch (event.type) {
    case 'ready':
      return undefined
    case 'reload':
      return event.error ? `brink could not reload: ${event.error.message}` : 'brink has reloaded its workers'
    case 'exit': {
      const { slot, pid, code, signal, expected, restartMs, error } = event
      if (expected && code === 0) return undefined
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`
      const why = error === undefined ? '' : `: ${error.message}`
      const next =
        restartMs === undefined ? '' : `; the next one starts ${restartMs === 0 ? 'now' : `in ${restartMs} ms`}`
      return `brink: worker ${slot} (${pid}) ${how}${why}${next}`
    }
  }
}
