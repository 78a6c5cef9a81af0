// The servers: programs that write their address, reload at SIGHUP, and write a line after each reload.

export interface ReloadedServer {
  readonly name: string
  readonly file: string
}

const SERVERS: Readonly<Record<string, ReloadedServer>> = {
  brink: { name: 'brink', file: 'load/reloads/servers/brink.mjs' },
  cluster: { name: '`node:http` in `node:cluster`', file: 'load/reloads/servers/cluster.mjs' },
}

export function namedServers(names: readonly string[]): ReloadedServer[] {
  return names.map((name) => {
    const server = SERVERS[name]
    if (server === undefined) {
      throw new Error(`There is no server ${name}: --servers takes some of ${Object.keys(SERVERS).join(',')}`)
    }
    return server
  })
}
