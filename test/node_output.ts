// What a program prints that runs in a process of its own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const packageRoot = fileURLToPath(new URL('../../', import.meta.url))

/** Runs Node in a folder. A program that fails is told at the end. */
export function nodeOutput(args: readonly string[], cwd: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd })
  // An error is shown behind its line, which is all of a bundle that was minified.
  return stdout.trim() + stderr.trim().slice(-2000)
}

/** Runs a module that is written here, in the folder of the package, so that it can import brink. */
export function moduleOutput(code: string): string {
  return nodeOutput(['--input-type=module', '-e', code], packageRoot)
}
