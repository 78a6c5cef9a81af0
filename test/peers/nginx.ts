// A real nginx, of the system's package, in a folder of its own. It hands every request on to a small app behind it,
// so that what it took for the body can be seen.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { until } from '../server/waiting.js'
import { askAll, LAST_REQUEST } from './asking.js'
import { freePort } from './ports.js'

/** Debian keeps it where only administrators look. */
const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].join(delimiter)

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v'], { env: { PATH } }).status === 0
}

export const NGINX_MISSING = 'nginx is not installed: apt-get install nginx-light'

/** The body, the method, the target and the Host as nginx has read them go on as fields, out of reach of the client's. */
const configuration = (port: number, appPort: number) => `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream app { server 127.0.0.1:${appPort}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 1m;
    location / {
      set $place /seen;
      proxy_pass http://app$place;
      proxy_http_version 1.1;
      proxy_method POST;
      proxy_pass_request_headers off;
      proxy_ignore_client_abort on;
      proxy_set_header Connection "";
      proxy_set_header X-Method $request_method;
      proxy_set_header X-Target $request_uri;
      proxy_set_header X-Host $http_host;
    }
  }
}`

export interface Nginx {
  readonly port: number
  stop(): Promise<void>
}

export async function startNginx(appPort: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-nginx-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, appPort))
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], {
    env: { PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  // Its workers would outlive a process that is ended in the middle.
  process.once('exit', () => child.kill('SIGTERM'))
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${complaints}${logOf(folder)}`)
      return askAll(port, [LAST_REQUEST]).then(
        ([answer]) => answer?.status === 200,
        () => false,
      )
    }, 'nginx answers')
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

function logOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'error.log'), 'utf8')
  } catch {
    return ''
  }
}
