import type { ServeOptions } from 'brink'

/** A way to run a server: what waits for the sockets, and where. */
export interface Variant {
  readonly name: string
  readonly backend: Exclude<ServeOptions['backend'], undefined>
  readonly threads: number
}

/** Backend × host. */
export const variants: readonly Variant[] = [
  { name: 'epoll inline', backend: 'epoll', threads: 0 },
  { name: 'epoll threads', backend: 'epoll', threads: 2 },
  { name: 'epoll-level inline', backend: 'epoll-level', threads: 0 },
  { name: 'epoll-level thread', backend: 'epoll-level', threads: 1 },
  { name: 'poll thread', backend: 'poll', threads: 1 },
  { name: 'select thread', backend: 'select', threads: 1 },
]
