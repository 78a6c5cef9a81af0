// What a server answered on one connection, read as leniently as it takes: the peers do not all speak as strictly as
// brink does.

/** A final answer: what the app saw, or undefined where it saw nothing; and the status, 0 where there was none (HTTP/0.9). */
export interface Answer {
  readonly status: number
  readonly seen?: string
}

/** The field by which the apps tell what they saw. */
export const SEEN = 'x-seen'

export function readAnswers(bytes: Buffer): Answer[] {
  const text = bytes.toString('latin1')
  const answers: Answer[] = []
  for (let at = 0; at < text.length; ) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    const [, status] = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(text.slice(at, at + 14)) ?? []
    if (status === undefined || headEnd === -1) return [...answers, { status: 0 }]
    const head = text.slice(at, headEnd)
    const bodyAt = headEnd + 4
    if (status.startsWith('1')) {
      at = bodyAt
      continue
    }
    const seen = fieldOf(head, SEEN)
    answers.push({ status: Number(status), ...(seen === undefined ? {} : { seen }) })
    at = saysNothing(status, seen, text, bodyAt) ? bodyAt : bodyEnd(head, text, bodyAt)
  }
  return answers
}

function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1]
}

/** No body follows, whatever the head says. Nothing that these servers send begins like a status line. */
function saysNothing(status: string, seen: string | undefined, text: string, bodyAt: number): boolean {
  if (status === '204' || status === '304' || seen?.startsWith('HEAD ')) return true
  return text.startsWith('HTTP/1.', bodyAt)
}

function bodyEnd(head: string, text: string, bodyAt: number): number {
  const length = fieldOf(head, 'content-length')
  if (length !== undefined) return bodyAt + Number(length)
  if (!/chunked/i.test(fieldOf(head, 'transfer-encoding') ?? '')) return text.length
  const end = text.indexOf('0\r\n\r\n', bodyAt)
  return end === -1 ? text.length : end + 5
}
