import { spawn } from 'node:child_process'

/** What a program writes to its standard output, once it has ended well. */
export async function outputOf(
  [command, args]: [command: string, args: string[]],
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}: ${complaints.trim()}`)
  return output
}
