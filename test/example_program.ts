import * as assert from 'uvu/assert'
import { runNode } from './server/programs.js'

/**
 * Runs an example on a free port while it is asked, and ends it as Ctrl+C does. What `ask` gives, with the url at which
 * the example listens and what it has printed until then.
 */
export async function askExample<T>(
  args: string[],
  env: NodeJS.ProcessEnv,
  ask: (url: string, output: string) => Promise<T>,
): Promise<T> {
  const program = runNode(args, { PORT: '0', ...env })
  try {
    const [, url = ''] = await program.says(/^Listening on (http\S+)$/m)
    const answer = await ask(url, program.output())
    program.child.kill('SIGINT')
    assert.is(await program.ended(), 0, program.output() + program.errors())
    return answer
  } finally {
    program.child.kill('SIGKILL')
  }
}
