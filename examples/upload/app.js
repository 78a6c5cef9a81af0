// Open http://localhost:8080, or: curl -F file=@picture.jpg localhost:8080/files
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { file, files, HttpError, parts, Router, reply, serve } from 'brink'

const folder = process.env.UPLOADS ?? (await mkdtemp(join(tmpdir(), 'uploads-')))
const unfinished = join(folder, '.unfinished')
await mkdir(unfinished, { recursive: true })

const app = new Router()
  .get('/files', async () => (await readdir(folder)).filter((name) => !name.startsWith('.')))
  .get('/files/:name', ({ params }) => file(params.name, { root: folder, download: true }))
  .post(
    '/files',
    async (req) => {
      const saved = []
      for await (const part of parts(req, { fileSize: 1_000_000_000 })) {
        if (part.filename === undefined || part.filename === '') continue
        saved.push(await save(part.body, part.filename, req.signal))
      }
      if (saved.length === 0) throw new HttpError(422, 'Send at least one file.')
      return reply(201, { saved })
    },
    { bodyLimit: 2_000_000_000, requestTimeout: 3_600_000 },
  )
  .get('/*', files(new URL('public', import.meta.url)))

const server = await serve(app, { port: Number(process.env.PORT ?? 8080) })
console.log(`Uploads go to ${folder}.`)
console.log(`Listening on ${server.url}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close({ force: 5000 }))

/**
 * Moves the file to its place when all of it has arrived. The server chooses the name: clients' names are not safe paths.
 * @param {AsyncIterable<Uint8Array>} body
 * @param {string} filename
 * @param {AbortSignal} signal
 */
async function save(body, filename, signal) {
  const name = randomUUID() + extname(filename).replace(/[^.\w]/g, '')
  const temporary = join(unfinished, name)
  try {
    await pipeline(body, createWriteStream(temporary), { signal })
    await rename(temporary, join(folder, name))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return name
}
