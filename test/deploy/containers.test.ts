// The Dockerfile and the manifests of examples/deploy: the process that they start is process 1 of a namespace, gets the
// signals, and does within its times what the manifests promise.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAllDocuments } from 'yaml'
import { freePort } from '../peers/ports.js'
import { until } from '../server/waiting.js'
import { askFrom, childrenOf, FOLDER, fileOf } from './deployed.js'

/** What remains of each request's time when the delay is over. See `closeOnSignals`. */
const DRAIN_MS = 10_000

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
}

interface Manifest {
  readonly kind: string
  readonly spec: {
    readonly selector: Record<string, unknown>
    readonly template?: {
      readonly metadata: Record<'labels' | 'annotations', Record<string, string>>
      readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly Container[] }
    }
  }
}

const manifests = (): Manifest[] =>
  parseAllDocuments(fileOf('kubernetes.yaml')).map((document) => {
    assert.equal(document.errors, [])
    return document.toJS() as Manifest
  })

function deployment() {
  const template = manifests().find(({ kind }) => kind === 'Deployment')?.spec.template
  const container = template?.spec.containers[0]
  if (template === undefined || container === undefined) throw new Error('there is no deployment')
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
  return { template, container, env }
}

function dockerfile() {
  const lines = fileOf('Dockerfile').split('\n')
  const argumentsOf = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const env = Object.fromEntries(argumentsOf('ENV').flatMap((text) => text.split(' ').map((pair) => pair.split('='))))
  return {
    user: argumentsOf('USER')[0],
    command: JSON.parse(argumentsOf('CMD')[0] ?? 'null') as string[],
    env,
    argumentsOf,
  }
}

/** As process 1 of a namespace of its own, where a signal without a listener does nothing. */
const ISOLATED = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const canIsolate = spawnSync(ISOLATED[0] as string, [...ISOLATED.slice(1), 'true']).status === 0
const isolated = canIsolate ? test : test.skip

test('the manifests name one app, and leave it the time that it takes to end', () => {
  const { template, container, env } = deployment()
  for (const { kind, spec } of manifests()) {
    const labels = kind === 'Service' ? spec.selector : spec.selector.matchLabels
    assert.equal(labels, template.metadata.labels, kind)
  }
  const delay = Number(env.READINESS_DELAY)
  const { periodSeconds, failureThreshold } = container.readinessProbe
  assert.ok(delay >= 1000 * periodSeconds * failureThreshold, 'the probe notices within the delay')
  assert.ok(1000 * template.spec.terminationGracePeriodSeconds > delay + DRAIN_MS, 'the end comes before SIGKILL')
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, `${containerPort}`]))
  const { PORT, ADMIN_PORT } = dockerfile().env
  assert.equal(ports, { http: PORT, admin: ADMIN_PORT })
  assert.is(template.metadata.annotations['prometheus.io/port'], ADMIN_PORT)
})

test('the image runs as a user without rights, and node is its process 1', () => {
  const { user, command, argumentsOf } = dockerfile()
  assert.is(user, 'node')
  assert.equal(command, ['node', 'app.js'])
  assert.equal(argumentsOf('EXPOSE'), ['8080 9100'])
})

isolated('process 1 is ready, hears SIGTERM, serves while balancers notice, and ends in time', async () => {
  const { template, container, env } = deployment()
  const image = dockerfile()
  const [, ...args] = image.command
  const [port, adminPort] = [await freePort(), await freePort()]
  const child: ChildProcess = spawn(ISOLATED[0] as string, [...ISOLATED.slice(1), process.execPath, ...args], {
    cwd: FOLDER,
    env: { ...process.env, ...image.env, ...env, PORT: `${port}`, ADMIN_PORT: `${adminPort}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  child.stdout?.on('data', (piece) => {
    output += piece
  })
  const statusOf = (path: string) =>
    askFrom('127.0.0.1', port, path).then(
      ({ status }) => status,
      () => 0,
    )
  const { readinessProbe, livenessProbe } = container
  await until(async () => (await statusOf(readinessProbe.httpGet.path)) === 200, 'the pod is ready')
  assert.is(await statusOf(livenessProbe.httpGet.path), 200)
  const scraped = await askFrom('127.0.0.1', adminPort, '/metrics')
  assert.match(scraped.text, /^brink_http_requests_total\{route="\/live",method="GET",status="2xx"\} 1$/m)
  assert.is(await statusOf('/metrics'), 404)
  // unshare passes no signal on: the runtime of a container sends it to the process in the namespace.
  const [inside = 0] = childrenOf(child.pid)
  const began = performance.now()
  process.kill(inside, 'SIGTERM')
  await until(async () => (await statusOf(readinessProbe.httpGet.path)) === 503, 'the pod is not ready')
  assert.equal([await statusOf('/'), await statusOf(livenessProbe.httpGet.path)], [200, 200])
  assert.equal(await once(child, 'exit'), [0, null])
  const took = performance.now() - began
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  const logged = lines.map((line) => JSON.parse(line) as { target: string; status: number })
  assert.ok(
    logged.some(({ target, status }) => target === '/live' && status === 200),
    output,
  )
  assert.ok(took >= Number(env.READINESS_DELAY), `it ended after ${took} ms`)
  assert.ok(took < 1000 * template.spec.terminationGracePeriodSeconds, `it ended after ${took} ms`)
})

test.run()
