// Slow clients by the thousand, and a healthy one beside them, which must not notice. Then testssl, which is slow itself.
//
//   npm run test:slow -- --connections 1000 --seconds 30
//
// BRINK_BACKEND and BRINK_THREADS choose the server. --only names the attacks by a part of their names,
// --except leaves such ones out.

import { parseArgs } from 'node:util'
import { certificateOfRun, makeCertificate } from '../over_tls/certificate.js'
import type { Certificate } from '../server/certificates.js'
import { attacksOf } from './attacks.js'
import { hasSlowhttptest, SLOWHTTPTEST_MISSING } from './slowhttptest.js'
import { complaintsOfTestssl, hasTestssl, TESTSSL_MISSING } from './testssl.js'
import { type AttackReport, runAttack } from './trial.js'

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    except: { type: 'string' },
  },
})
const connections = Number(values.connections)
const seconds = Number(values.seconds)
const isChosen = (name: string) =>
  name.includes(values.only) && (values.except === undefined || !name.includes(values.except))

let passed = 0
let failed = 0
const hasTool = hasSlowhttptest()
if (!hasTool) console.log(SLOWHTTPTEST_MISSING)

// Servers, and the clients that know them, are processes of their own.
Object.assign(process.env, makeCertificate())

const certificate = certificateOfRun() as Certificate

for (const attack of attacksOf(seconds, certificate)) {
  if (!isChosen(attack.name)) continue
  if (attack.needsTool && !hasTool) {
    console.log(`skip ${attack.name}`)
    if (process.env.CI === 'true') failed += 1
    continue
  }
  const report = await runAttack(attack, connections, seconds)
  const good = report.complaints.length === 0
  if (good) passed += 1
  else failed += 1
  console.log(`${good ? 'ok  ' : 'FAIL'} ${attack.name}: ${line(report)}`)
  for (const complaint of report.complaints) console.log(`     ${complaint}`)
}
if (isChosen('testssl')) {
  if (!hasTestssl()) {
    console.log(`skip ${TESTSSL_MISSING}`)
    if (process.env.CI === 'true') failed += 1
  } else {
    const complaints = await complaintsOfTestssl(certificate)
    if (complaints.length === 0) passed += 1
    else failed += 1
    console.log(`${complaints.length === 0 ? 'ok  ' : 'FAIL'} testssl`)
    for (const complaint of complaints) console.log(`     ${complaint}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function line({ healthy, before, after, mostOpen, mostMemoryBytes, mostSocketBytes, cutOff }: AttackReport): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const { requests, p50Ms, p99Ms, longestMs } = healthy
  return [
    `${mostOpen} open at most, ${cutOff} cut off, ${after.stats.open} open afterwards`,
    `healthy: ${requests} requests, p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)}, longest ${longestMs.toFixed(1)} ms`,
    `memory in use ${mib(before.inUseBytes)} MiB, ${mib(after.inUseBytes)} afterwards, resident at most ${mib(mostMemoryBytes)} MiB, sockets at most ${mib(mostSocketBytes)} MiB`,
  ].join('; ')
}
