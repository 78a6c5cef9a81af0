// HAProxy or nginx, of the system's package, with a configuration of the test's own in a folder of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { until } from '../server/waiting.js'
import { isListening } from './ports.js'

/** Debian keeps them where only administrators look. */
const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].join(delimiter)

/** Where Debian puts the module of nginx that passes connections on. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'

export type ProxyName = 'haproxy' | 'nginx'

/** What is missing, as a sentence; undefined when all is there. */
export function missingFor(proxy: ProxyName): string | undefined {
  const runs = spawnSync(proxy, ['-v'], { env: { PATH } }).status === 0
  if (proxy === 'haproxy') return runs ? undefined : 'haproxy is not installed: apt-get install haproxy'
  return runs && existsSync(STREAM_MODULE)
    ? undefined
    : 'nginx, or its stream module, is not installed: apt-get install nginx-light libnginx-mod-stream'
}

const COMMON: Readonly<Record<ProxyName, string>> = {
  haproxy: `
global
  maxconn 200
defaults
  timeout connect 10s
  timeout client 30s
  timeout server 30s
`,
  nginx: `
load_module ${STREAM_MODULE};
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 512; }
`,
}

/** Starts it, and waits until it listens on these ports. Returns what ends it. */
export async function startProxy(proxy: ProxyName, configuration: string, ports: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), `brink-${proxy}-`))
  writeFileSync(join(folder, 'proxy.conf'), COMMON[proxy] + configuration)
  const args =
    proxy === 'haproxy'
      ? ['-db', '-f', join(folder, 'proxy.conf')]
      : ['-p', folder, '-c', 'proxy.conf', '-e', 'error.log']
  const child = spawn(proxy, args, { env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
  }
  // Its workers would outlive a process that is ended in the middle.
  const kill = () => child.kill('SIGTERM')
  process.once('exit', kill)
  const stop = async () => {
    process.off('exit', kill)
    if (child.exitCode === null) {
      const ended = once(child, 'exit')
      kill()
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${proxy} ended: ${complaints}`)
      return (await Promise.all(ports.map(isListening))).every(Boolean)
    }, `${proxy} listens`)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}
