import type { ServeOptions } from 'brink'

import { native } from '#brink/exchange/native.js'

/** A way to run a server: what waits for the sockets, and where. */
export interface Variant {
  readonly name: string
  readonly backend: Exclude<ServeOptions['backend'], undefined>
  readonly threads: number
  /** Whether its connections have TLS. */
  readonly tls?: boolean
  /** Its backend and its host are both in others. */
  readonly isCombined?: boolean
}

const known: readonly Variant[] = [
  { name: 'epoll inline', backend: 'epoll', threads: 0 },
  { name: 'epoll threads', backend: 'epoll', threads: 2 },
  { name: 'epoll-level inline', backend: 'epoll-level', threads: 0 },
  { name: 'epoll-level thread', backend: 'epoll-level', threads: 1, isCombined: true },
  { name: 'kqueue inline', backend: 'kqueue', threads: 0 },
  { name: 'kqueue thread', backend: 'kqueue', threads: 1 },
  { name: 'poll thread', backend: 'poll', threads: 1 },
  { name: 'select thread', backend: 'select', threads: 1 },
]

/** Backend × host, of the backends that the addon has. */
export const variants = known.filter(({ backend }) => native.backends.some(({ name }) => name === backend))

/** For what no backend does otherwise than others on the same host. */
export const oneOfEachHost: readonly Variant[] = variants.filter(({ name }) =>
  ['epoll inline', 'epoll threads', 'poll thread', 'kqueue inline'].includes(name),
)

/** All of them over TLS. */
export const variantsOverTls: readonly Variant[] = variants.map((variant) => ({
  ...variant,
  name: `${variant.name} TLS`,
  tls: true,
}))
