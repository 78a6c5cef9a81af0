import * as assert from 'uvu/assert'

/** The code and the message of what a call throws, or of what its promise is rejected with: `CODE: message`. */
export async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return `${code}: ${message}`
  }
  assert.unreachable('nothing was thrown')
  return ''
}
