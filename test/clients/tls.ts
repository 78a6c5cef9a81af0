// Programs that speak TLS, and what they say of a server of brink: clients of four libraries, scanners and load tools.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { until } from '../server/waiting.js'
import { runCurl } from './curl_program.js'
import { hasProgram, type ProgramRun, runProgram } from './program.js'
import type { Suite } from './suite.js'
import { digest, serveTls, type TlsServer } from './tls_server.js'

const SPLITS_RECORDS = fileURLToPath(new URL('../../../test/clients/split_records.py', import.meta.url))
const ASK = 'GET /tls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

interface Told {
  readonly version: string
  readonly cipher: string
  readonly servername: string
  readonly resumed: boolean
  readonly authorized: boolean
  readonly subject?: string
}

/** What the server says of the connection of a request, in all that a program has said. */
function toldIn({ output }: ProgramRun): Told {
  const found = /^\{"version".*\}/m.exec(output)
  assert.ok(found, `the answer in: ${output}`)
  return JSON.parse(found[0])
}

async function curlTold(of: TlsServer, ...args: string[]): Promise<Told> {
  const { text, exitCode } = await runCurl(['--cacert', of.path('ca.pem'), ...args, `${of.url}/tls`])
  assert.is(exitCode, 0)
  return JSON.parse(text)
}

const curl: Cases = {
  'TLS 1.2 and 1.3, with a certificate that is checked': async (of) => {
    assert.is((await curlTold(of, '--tlsv1.3')).version, 'TLSv1.3')
    assert.is((await curlTold(of, '--tls-max', '1.2')).version, 'TLSv1.2')
    const { exitCode } = await runCurl([`${of.url}/`])
    assert.is(exitCode, 60, 'a certificate that is not trusted')
  },
  'TLS 1.1 is refused': async (of) => {
    const old = ['--tls-max', '1.1', '--tlsv1.0', '--ciphers', 'DEFAULT@SECLEVEL=0', '-k']
    assert.is((await runCurl([...old, of.url])).exitCode, 35)
  },
  'a client that would like HTTP/2 gets HTTP/1.1': async (of) => {
    const { heads, text } = await runCurl(['--http2', '--cacert', of.path('ca.pem'), of.url])
    assert.match(heads, /^HTTP\/1\.1 200 OK\r\n/)
    assert.is(text, 'hello')
  },
  'a name has its own certificate': async (of) => {
    const resolve = ['--resolve', `other.example:${of.port}:127.0.0.1`]
    const url = `https://other.example:${of.port}/tls`
    const { text } = await runCurl(['--cacert', of.path('other.pem'), ...resolve, url])
    assert.is((JSON.parse(text) as Told).servername, 'other.example')
    assert.is((await runCurl(['--cacert', of.path('ca.pem'), ...resolve, url])).exitCode, 60)
  },
  'certificates of clients': async (of) => {
    const url = `https://localhost:${of.mutualPort}/tls`
    const known = ['--cert', of.path('client.pem'), '--key', of.path('client.key'), '--cacert', of.path('ca.pem')]
    for (const most of ['1.2', '1.3']) {
      const told: Told = JSON.parse((await runCurl([...known, '--tls-max', most, url])).text)
      assert.equal([told.authorized, told.subject], [true, 'CN=client'])
      const { exitCode } = await runCurl(['--cacert', of.path('ca.pem'), '--tls-max', most, url])
      // In TLS 1.3 the client learns it behind its own end of the handshake.
      assert.ok([35, 56].includes(exitCode), `curl ended with ${exitCode}`)
    }
  },
  'ciphers and groups': async (of) => {
    const chacha = 'TLS_CHACHA20_POLY1305_SHA256'
    assert.is((await curlTold(of, '--tls13-ciphers', chacha, '--curves', 'P-384')).cipher, chacha)
    const old = await curlTold(of, '--tls-max', '1.2', '--ciphers', 'ECDHE-ECDSA-AES256-SHA')
    assert.is(old.cipher, 'ECDHE-ECDSA-AES256-SHA')
  },
  'large bodies both ways, on one connection': async (of) => {
    const shared = ['--cacert', of.path('ca.pem')]
    const body = await runCurl([...shared, '--data-binary', `@${of.path('large')}`, `${of.url}/digest`])
    const { body: large } = await runCurl([...shared, `${of.url}/large`])
    assert.is(body.text, digest(large))
    const urls = Array.from({ length: 10 }, () => [`${of.url}/large`, '-o', '/dev/null']).flat()
    const { connections, exitCode } = await runCurl([...shared, ...urls])
    assert.equal([connections, exitCode], [1, 0])
  },
}

function sClient(of: TlsServer, args: readonly string[], ...steps: (string | RegExp)[]): Promise<ProgramRun> {
  const to = ['s_client', '-connect', `127.0.0.1:${of.port}`, '-CAfile', of.path('ca.pem')]
  return runProgram('openssl', [...to, ...args], steps)
}

const openssl: Cases = {
  'the certificate and the name are right (-verify_return_error)': async (of) => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const checks = ['-verify_return_error', '-verify_hostname', 'localhost', '-ign_eof', version]
      const run = await sClient(of, checks, ASK)
      assert.is(run.exitCode, 0, run.output)
      assert.match(run.output, /^ {4}Verify return code: 0 \(ok\)$|^Verification: OK$/m)
      assert.is(toldIn(run).version, version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3')
    }
  },
  'TLS 1.1 is refused (-tls1_1)': async (of) => {
    const { exitCode, output } = await sClient(of, ['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'])
    assert.is(exitCode, 1)
    assert.match(output, /alert protocol version/)
  },
  'a name has its own certificate (-servername)': async (of) => {
    assert.match((await sClient(of, ['-servername', 'other.example'])).output, /^subject=CN = other\.example$/m)
    assert.match((await sClient(of, ['-noservername'])).output, /^subject=CN = localhost$/m)
  },
  'http/1.1 is chosen, and h2 alone is refused (-alpn)': async (of) => {
    assert.match((await sClient(of, ['-alpn', 'http/1.1'])).output, /^ALPN protocol: http\/1\.1$/m)
    assert.match((await sClient(of, ['-alpn', 'h2,http/1.1'])).output, /^ALPN protocol: http\/1\.1$/m)
    const { exitCode, output } = await sClient(of, ['-alpn', 'h2'])
    assert.is(exitCode, 1)
    assert.match(output, /no application protocol/)
  },
  'a client that comes again five times (-reconnect)': async (of) => {
    const { output } = await sClient(of, ['-tls1_2', '-reconnect'])
    assert.is(output.match(/^Reused, TLSv1\.2/gm)?.length, 5)
    const without = await sClient(of, ['-tls1_2', '-reconnect', '-no_ticket'])
    assert.is(without.output.match(/^New, TLSv1\.2/gm)?.length, 6)
  },
  'sessions that are kept in a file (-sess_out, -sess_in)': async (of) => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const file = of.path(`session${version}`)
      const first = await sClient(of, [version, '-ign_eof', '-sess_out', file], ASK)
      assert.is(toldIn(first).resumed, false)
      for (let times = 0; times < 3; times += 1) {
        const again = await sClient(of, [version, '-ign_eof', '-sess_in', file], ASK)
        assert.match(again.output, /^Reused, TLSv1/m)
        assert.is(toldIn(again).resumed, true)
      }
    }
  },
  'early data is not taken (-early_data)': async (of) => {
    const file = of.path('session-early')
    const early = of.path('early')
    writeFileSync(early, ASK)
    await sClient(of, ['-tls1_3', '-ign_eof', '-sess_out', file], ASK)
    const run = await sClient(of, ['-tls1_3', '-ign_eof', '-sess_in', file, '-early_data', early], ASK)
    assert.match(run.output, /^Early data was not sent$/m)
    assert.is(toldIn(run).resumed, true)
  },
  'keys are changed in between (K)': async (of) => {
    const asks = 'GET /tls HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const steps = [
      /Verify return code/,
      'K\n',
      /KEYUPDATE/,
      asks,
      /"authorized"/,
      'k\n',
      /KEYUPDATE[\s\S]*KEYUPDATE/,
      asks,
    ]
    const run = await sClient(of, ['-tls1_3'], ...steps, /"authorized"[\s\S]*"authorized"/)
    assert.is(run.output.match(/^HTTP\/1\.1 200 OK\r?$/gm)?.length, 2, run.output)
  },
  'nothing is negotiated again (R)': async (of) => {
    const run = await sClient(of, ['-tls1_2'], /Verify return code/, 'R\n', /RENEGOTIATING/, /no renegotiation/)
    assert.match(run.output, /Secure Renegotiation IS supported/)
    assert.match(run.output, /no renegotiation/)
  },
  'records no longer than the client likes (-maxfraglen)': async (of) => {
    const asks = 'GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    for (const version of ['-tls1_2', '-tls1_3']) {
      const run = await sClient(of, [version, '-ign_eof', '-quiet', '-maxfraglen', '512'], asks)
      assert.is(run.exitCode, 0, run.output.slice(0, 1000))
    }
  },
  'certificates of clients (-cert)': async (of) => {
    const own = ['-cert', of.path('client.pem'), '-key', of.path('client.key')]
    const to = ['s_client', '-connect', `127.0.0.1:${of.mutualPort}`, '-CAfile', of.path('ca.pem'), '-ign_eof']
    for (const version of ['-tls1_2', '-tls1_3']) {
      const told = toldIn(await runProgram('openssl', [...to, version, ...own], [ASK]))
      assert.equal([told.authorized, told.subject], [true, 'CN=client'])
      const { output } = await runProgram('openssl', [...to, version], [ASK])
      assert.match(output, /alert (certificate required|handshake failure)/)
      assert.match(output, /^Acceptable client certificate CA names\nCN = localhost$/m)
    }
  },
}

function gnutlsCli(of: TlsServer, args: readonly string[], ...steps: (string | RegExp)[]): Promise<ProgramRun> {
  const to = ['--x509cafile', of.path('ca.pem'), '-p', `${of.port}`, ...args, 'localhost']
  return runProgram('gnutls-cli', to, steps)
}

const gnutls: Cases = {
  'TLS 1.2 and 1.3, with a certificate that is checked': async (of) => {
    for (const version of ['TLS1.2', 'TLS1.3']) {
      const run = await gnutlsCli(of, ['--priority', `NORMAL:-VERS-ALL:+VERS-${version}`], ASK, /"authorized"/)
      assert.match(run.output, /^- Status: The certificate is trusted/m)
      assert.is(toldIn(run).version, `TLSv${version.slice(3)}`)
    }
    const old = await gnutlsCli(of, ['--priority', 'LEGACY:-VERS-ALL:+VERS-TLS1.1'])
    assert.is(old.exitCode, 1)
    assert.match(old.output, /alert.*protocol version/i)
  },
  'sessions are resumed (--resume)': async (of) => {
    for (const version of ['TLS1.2', 'TLS1.3']) {
      const args = ['--resume', '--waitresumption', '--priority', `NORMAL:-VERS-ALL:+VERS-${version}`]
      const run = await gnutlsCli(of, args, /This is a resumed session/, ASK, /"authorized"/)
      assert.is(toldIn(run).resumed, true)
    }
  },
  'http/1.1 is chosen, and h2 alone is refused (--alpn)': async (of) => {
    const run = await gnutlsCli(of, ['--alpn', 'h2', '--alpn', 'http/1.1'], /Handshake was completed/)
    assert.match(run.output, /Application protocol: http\/1\.1/)
    const { exitCode, output } = await gnutlsCli(of, ['--alpn', 'h2'])
    assert.is(exitCode, 1)
    assert.match(output, /No supported application protocol/i)
  },
}

const sslscan: Cases = {
  'it finds TLS 1.2 and 1.3, and nothing that is weak': async (of) => {
    const { output } = await runProgram('sslscan', ['--no-colour', `127.0.0.1:${of.port}`])
    const protocols = output.match(/^(?:SSLv\d|TLSv1\.\d) +(?:en|dis)abled$/gm)?.map((line) => line.replace(/ +/, ' '))
    assert.equal(protocols, [
      'SSLv2 disabled',
      'SSLv3 disabled',
      'TLSv1.0 disabled',
      'TLSv1.1 disabled',
      'TLSv1.2 enabled',
      'TLSv1.3 enabled',
    ])
    assert.match(output, /^Server supports TLS Fallback SCSV$/m)
    assert.match(output, /^Session renegotiation not supported$/m)
    assert.not.match(output.replaceAll('not vulnerable', ''), /vulnerable/)
    const ciphers = [...output.matchAll(/^(?:Preferred|Accepted) +\S+ +(\d+) bits +(\S+)/gm)]
    assert.ok(ciphers.length > 5, output)
    for (const [, bits, name = ''] of ciphers) {
      assert.ok(Number(bits) >= 128, `${name} has ${bits} bits`)
      assert.match(name, /^(?:TLS_|ECDHE-)/)
      assert.not.match(name, /RC4|3DES|NULL|anon|EXP/)
    }
  },
}

const h2load: Cases = {
  'full handshakes and requests (--h1)': async (of) => {
    const { output } = await runProgram('h2load', ['--h1', '-n', '400', '-c', '20', '-t', '1', `${of.url}/`])
    assert.match(output, /^requests: 400 total, .* 400 succeeded, 0 failed, 0 errored, 0 timeout$/m)
    assert.match(output, /^TLS Protocol: TLSv1\.3$/m)
  },
}

const wrk: Cases = {
  'requests for a second': async (of) => {
    const { output } = await runProgram('wrk', ['-t1', '-c8', '-d1', `${of.url}/`])
    assert.not.match(output, /Socket errors|Non-2xx/)
    assert.ok(Number(/^ +(\d+) requests in/m.exec(output)?.[1]) > 0, output)
  },
}

const python: Cases = {
  'records in pieces of any length (ssl.MemoryBIO)': async (of) => {
    for (const version of ['TLSv1_2', 'TLSv1_3']) {
      for (const seed of ['1', '2', '3']) {
        const run = await runProgram('python3', [SPLITS_RECORDS, `${of.port}`, of.path('ca.pem'), version, seed])
        assert.is(run.exitCode, 0, run.output)
        const all = { version: version.replace('_', '.'), echoed: true, answers: 7 }
        assert.equal(
          JSON.parse(run.output),
          [false, true].map((resumed) => ({ ...all, resumed })),
          `seed ${seed}`,
        )
      }
    }
  },
}

type Cases = Readonly<Record<string, (of: TlsServer) => Promise<void>>>

const programs: readonly { readonly needs: string; readonly args?: readonly string[]; readonly cases: Cases }[] = [
  { needs: 'curl', cases: curl },
  { needs: 'openssl', args: ['version'], cases: openssl },
  { needs: 'gnutls-cli', cases: gnutls },
  { needs: 'sslscan', cases: sslscan },
  { needs: 'h2load', cases: h2load },
  { needs: 'wrk', cases: wrk },
  { needs: 'python3', cases: python },
]

export const tls: Suite = {
  name: 'tls',
  async run(variant, check, { full }) {
    // What is said over TLS is the same for all backends; what arrives when is not.
    const some = full || variant.name.startsWith('epoll ') ? programs : programs.filter(({ cases }) => cases === python)
    const of = await serveTls(variant)
    try {
      for (const { needs, args, cases } of some) {
        if (!hasProgram(needs, args)) {
          console.log(`skip ${needs} is not installed`)
          if (process.env.CI === 'true') await check(needs, () => Promise.reject(new Error('It is not installed.')))
          continue
        }
        for (const [what, run] of Object.entries(cases)) await check(`${needs}: ${what}`, () => run(of))
      }
      await check('nobody is left', () => until(() => of.server.stats().open === 0, 'all connections to end'))
    } finally {
      await of.close()
    }
  },
}
