// testssl, which knows the flaws of TLS by their names: some two minutes. Debian has it as testssl.sh.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'brink'
import type { Certificate } from '../server/certificates.js'

export const TESTSSL_MISSING = 'testssl is not installed: apt-get install testssl.sh'

export function hasTestssl(): boolean {
  return spawnSync('testssl', ['--version'], { stdio: 'ignore' }).error === undefined
}

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

const HARMLESS = ['OK', 'INFO', 'LOW']
/** What docs/tls.md says of old clients, and what testssl says of its own program. */
const KNOWN = ['engine_problem', 'LUCKY13']
const MOST_MS = 1_800_000

/** What it complains of in a server with the defaults, protocols (-p) and flaws (-U). */
export async function complaintsOfTestssl(certificate: Certificate): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'brink-testssl-'))
  const server = await serve(() => 'hello', { port: 0, host: '127.0.0.1', tls: { ...certificate } })
  try {
    const file = join(folder, 'findings.json')
    const options = ['--quiet', '--warnings', 'off', '--color', '0', '--openssl', '/usr/bin/openssl', '-p', '-U']
    const args = [...options, '--jsonfile', file, `127.0.0.1:${server.port}`]
    const child = spawn('testssl', args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: MOST_MS })
    await once(child, 'close')
    const findings: readonly Finding[] = JSON.parse(readFileSync(file, 'utf8'))
    const bad = findings.filter(({ id, severity }) => !HARMLESS.includes(severity) && !KNOWN.includes(id))
    const complaints = bad.map(({ id, severity, finding }) => `${id} ${severity}: ${finding}`)
    for (const id of ['TLS1_2', 'TLS1_3', 'heartbleed', 'ROBOT', 'RC4']) {
      if (!findings.some((each) => each.id === id)) complaints.push(`it has not come to ${id}`)
    }
    return complaints
  } finally {
    await server.close({ force: 0 })
    rmSync(folder, { recursive: true, force: true })
  }
}
