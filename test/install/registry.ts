// A registry with two packages, as every package manager asks one: brink as it is packed, and what it depends on.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
}

export interface Registry {
  readonly url: string
  close(): void
}

/** Serves tarballs, each as the only version of its package. */
export async function serveTarballs(tarballs: readonly string[]): Promise<Registry> {
  const files = new Map(tarballs.map((file) => [`/-/${basename(file)}`, readFileSync(file)]))
  const manifests = tarballs.map((file): [string, Manifest] => [`/-/${basename(file)}`, manifestIn(file)])
  const server = createServer((req, res) => {
    const path = decodeURIComponent(String(req.url).split('?')[0] as string)
    const file = files.get(path)
    if (file !== undefined) return void res.end(file)
    const found = manifests.find(([, { name }]) => path === `/${name}`)
    res.setHeader('content-type', 'application/json')
    res.statusCode = found === undefined ? 404 : 200
    res.end(JSON.stringify(found === undefined ? {} : document(...found)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function document(path: string, manifest: Manifest): object {
    const bytes = files.get(path) as Buffer
    const hash = (algorithm: string, encoding: 'base64' | 'hex') => createHash(algorithm).update(bytes).digest(encoding)
    const dist = {
      tarball: url + path,
      shasum: hash('sha1', 'hex'),
      integrity: `sha512-${hash('sha512', 'base64')}`,
    }
    const { name, version } = manifest
    // Some do not take what was published an hour ago.
    const time = {
      created: '2020-01-01T00:00:00.000Z',
      modified: '2020-01-01T00:00:00.000Z',
      [version]: '2020-01-01T00:00:00.000Z',
    }
    return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } }, time }
  }

  return {
    url,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function manifestIn(tarball: string): Manifest {
  const text = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' })
  return JSON.parse(text) as Manifest
}
