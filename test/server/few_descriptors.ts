import * as assert from 'uvu/assert'
import { runProgram } from './programs.js'

/** Whichever descriptor there is none for, to serve at a path or at a port is an error, and leaves nothing open. */
export async function servesWithFewDescriptors(path?: string): Promise<void> {
  const program = runProgram('few_descriptors', { before: 'ulimit -n 256', args: path === undefined ? [] : [path] })
  assert.is(await program.ended(), 0, program.errors())
  const lines = program.output().trim().split('\n')
  const last = lines.length - 1
  assert.equal(
    lines,
    lines.map((_, free) => `${free} free: ${free < last ? 'EMFILE' : 'it serves'}, 0 left open`),
  )
  assert.ok(last > 1, 'there is more than one descriptor to do without')
}
