// HAProxy, nginx or Caddy, of the system's package, with a configuration of the test's own in a folder of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { until } from './server/waiting.js'

/** Debian keeps them where only administrators look. */
const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].join(delimiter)

/** Where Debian puts the module of nginx that passes connections on. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'

export type ProxyName = 'haproxy' | 'nginx' | 'caddy'

const PACKAGES: Readonly<Record<ProxyName, string>> = { haproxy: 'haproxy', nginx: 'nginx-light', caddy: 'caddy' }

const ARGUMENTS: Readonly<Record<ProxyName, string[]>> = {
  haproxy: ['-db', '-f', 'proxy.conf'],
  nginx: ['-p', '.', '-c', 'proxy.conf', '-e', 'stderr'],
  caddy: ['run', '--config', 'proxy.conf', '--adapter', 'caddyfile'],
}

/** What is missing, as a sentence; undefined when all is there. */
export function missingFor(proxy: ProxyName, configuration = ''): string | undefined {
  if (spawnSync(proxy, [proxy === 'caddy' ? 'version' : '-v'], { env: { PATH } }).status !== 0) {
    return `${proxy} is not installed: apt-get install ${PACKAGES[proxy]}`
  }
  if (!hasStreams(configuration) || existsSync(STREAM_MODULE)) return undefined
  return "nginx's stream module is not installed: apt-get install libnginx-mod-stream"
}

function hasStreams(configuration: string): boolean {
  return /^stream /m.test(configuration)
}

/** A part of the `http` block of nginx: all that it writes goes into its own folder. */
export const NGINX_FOLDERS = `
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;`

/**
 * What goes before the configuration, unless it is a whole one. nginx's workers would be nobody, who cannot enter the
 * folder, when it is started by root.
 */
function common(proxy: ProxyName, configuration: string): string {
  if (proxy === 'caddy') return '{\n  admin off\n}\n'
  if (proxy === 'haproxy') {
    if (/^global$/m.test(configuration)) return ''
    return 'global\n  maxconn 200\ndefaults\n  timeout connect 10s\n  timeout client 30s\n  timeout server 30s\n'
  }
  return `
${hasStreams(configuration) ? `load_module ${STREAM_MODULE};` : ''}
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 512; }
`
}

/** Starts it, and waits until `isUp`. Returns what ends it. */
export async function startProxy(
  proxy: ProxyName,
  configuration: string,
  isUp: () => Promise<boolean>,
): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), `brink-${proxy}-`))
  writeFileSync(join(folder, 'proxy.conf'), common(proxy, configuration) + configuration)
  const env = { PATH, HOME: folder }
  const child = spawn(proxy, ARGUMENTS[proxy], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
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
      return isUp()
    }, `${proxy} answers`)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}
