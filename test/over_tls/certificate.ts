// The certificate of the servers that are tested over TLS. It is made once a run, and lies in a folder whose name the
// processes of the tests have in their environment.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, certificate } from '../server/certificates.js'

const FOLDER = 'TEST_TLS_FOLDER'
const NAMES = ['DNS:localhost', 'DNS:brink', 'IP:127.0.0.1', 'IP:::1']

/** Makes it, for as long as this process runs. Gives what a process needs in its environment to trust it. */
export function makeCertificate(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-over-tls-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const made = certificate('brink', 'ec', NAMES)
  writeFileSync(join(folder, 'key.pem'), made.key)
  writeFileSync(join(folder, 'cert.pem'), made.cert)
  return { [FOLDER]: folder, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }
}

/** What was made for this process, if its tests run over TLS. */
export function certificateOfRun(): Certificate | undefined {
  const folder = process.env[FOLDER]
  if (folder === undefined) return undefined
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { key: read('key.pem'), cert: read('cert.pem') }
}
