import { availableParallelism, cpus, release, type } from 'node:os'

/** What the numbers depend on, and nothing that tells whose machine it is. */
export function machine(): string {
  const cores = availableParallelism()
  const model = cpus()[0]?.model.trim() ?? process.arch
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${model}, ${type()} ${release()}, Node.js ${process.versions.node}`
}
