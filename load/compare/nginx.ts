// nginx of the system's package, with one worker, in a folder of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onCore, withManyDescriptors } from '../pin.js'
import { type Server, stop } from '../server.js'
import type { Secrets } from './tls.js'

/** Debian keeps it where only administrators look. */
const env = { PATH: [process.env.PATH, '/usr/local/sbin', '/usr/sbin'].join(delimiter) }

export function nginxVersion(): string | undefined {
  const { status, stderr } = spawnSync('nginx', ['-v'], { env, encoding: 'utf8' })
  return status === 0 ? /nginx\/(\S+)/.exec(stderr)?.[1] : undefined
}

const secured = ({ key, cert }: Secrets) =>
  `ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;`

const configuration = (port: number, files: string, text: string, secrets?: Secrets) => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
error_log stderr emerg;
events { worker_connections 32768; }
http {
  access_log off;
  types { text/plain txt; }
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 300;
  keepalive_requests 1000000000;
  open_file_cache max=100;
  server {
    listen 127.0.0.1:${port} backlog=4096${secrets ? ' ssl' : ''};
    ${secrets ? secured(secrets) : ''}
    location = /plaintext { default_type text/plain; return 200 "${text}"; }
    location = /close { default_type text/plain; return 200 "${text}"; }
    location = /fixed { default_type text/plain; return 200 "${text}"; }
    location = /large { alias ${files}/1MiB.txt; default_type text/plain; }
    location /files/ { alias ${files}/; }
  }
}`

export async function startNginx(files: string, text: string, secrets?: Secrets): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-nginx-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, files, text, secrets))
  const [command, args] = withManyDescriptors(onCore(0, 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log']))
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  // Its worker would outlive a process that is ended in the middle.
  const onExit = () => child.kill('SIGTERM')
  process.once('exit', onExit)
  const stopIt = async () => {
    await stop(child)
    process.off('exit', onExit)
    rmSync(folder, { recursive: true, force: true })
  }
  while (!(await answers(port))) {
    if (child.exitCode !== null) {
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`nginx ended with exit code ${child.exitCode}`)
    }
    await sleep(20)
  }
  if (child.pid === undefined) throw new Error('nginx has no process')
  return {
    pid: child.pid,
    url: `http${secrets ? 's' : ''}://127.0.0.1:${port}`,
    banner: '',
    output: child.stdout,
    stop: stopIt,
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  })
  socket.destroy()
  return connected
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
