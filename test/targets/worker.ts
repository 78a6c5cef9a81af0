// Loads the addon in worker threads only, which are ended while they serve: nothing of it may be called at exit.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { serve } from 'brink'

if (isMainThread) {
  for (const threads of ['0', '1']) {
    const worker = new Worker(new URL(import.meta.url), { env: { ...process.env, BRINK_THREADS: threads } })
    await once(worker, 'message')
    await worker.terminate()
  }
} else {
  const server = await serve(() => 'Hello', { port: 0, host: '127.0.0.1' })
  parentPort?.postMessage(server.url)
}
