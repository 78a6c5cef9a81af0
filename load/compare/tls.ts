// What servers and clients have in common where they speak TLS: one certificate, one version, one cipher suite and one
// group, so that nobody wins by another choice.

import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

const VERSION = 'TLSv1.3'
const CIPHER = 'TLS_AES_256_GCM_SHA384'
const GROUP = 'X25519'
export const WHAT_IS_SPOKEN = `${VERSION}, ${CIPHER}, ${GROUP}, an ECDSA certificate (P-256)`

/** Files. */
export interface Secrets {
  readonly key: string
  readonly cert: string
  /** A configuration of OpenSSL for clients. */
  readonly clients: string
}

/** With the program `openssl`. */
export function makeSecrets(folder: string): Secrets {
  const [key, cert, clients] = ['key.pem', 'cert.pem', 'clients.cnf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const type = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '30']
  execFileSync('openssl', ['req', '-x509', ...type, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  chmodSync(key, 0o644) // nginx may read it as somebody else
  const sections = [
    'openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = clients\n[clients]',
    `MinProtocol = ${VERSION}\nCiphersuites = ${CIPHER}\nGroups = ${GROUP}\n`,
  ]
  writeFileSync(clients, sections.join('\n'))
  return { key, cert, clients }
}

/** Of h2load, which has options for them. */
export const H2LOAD_OPTIONS = [`--tls13-ciphers=${CIPHER}`, `--groups=${GROUP}`]

/** @throws with what the server speaks instead, once it is connected */
export function connectSecurely(port: number, host: string, options: ConnectionOptions = {}): TLSSocket {
  const rules = { minVersion: VERSION, ciphers: CIPHER, ecdhCurve: GROUP, rejectUnauthorized: false } as const
  const socket = connect({ port, host, servername: 'localhost', ...rules, ...options })
  socket.once('secureConnect', () => {
    const spoken = [socket.getProtocol(), socket.getCipher().name]
    if (spoken.join() !== [VERSION, CIPHER].join()) socket.destroy(new Error(`speaks ${spoken.join(', ')}`))
  })
  return socket
}
