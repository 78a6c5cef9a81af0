import type { ServerResponse } from 'node:http'

/** Sets a field when the head is written, as middleware does that puts a writeHead of its own in place. */
export function setLateField(res: ServerResponse): void {
  const { writeHead } = res
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    this.setHeader('X-Late', '1')
    return (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args)
  } as typeof writeHead
}
