// Requests that are sent by fetch in a table of cases.

interface Init {
  readonly method?: string
  readonly headers: Record<string, string>
  readonly body?: NonNullable<RequestInit['body']>
  readonly duplex?: 'half'
}

export interface FetchCase {
  readonly path: string
  /** Makes it anew each time: a body can be read once. */
  readonly init: () => Init
}

export const JSON_TYPE = { 'content-type': 'application/json' }

export function get(path: string, headers: Record<string, string> = {}): FetchCase {
  return { path, init: () => ({ headers }) }
}

/** Without a body. */
export function asked(method: string, path: string, headers: Record<string, string> = {}): FetchCase {
  return { path, init: () => ({ method, headers }) }
}

/** A POST. */
export function send(
  path: string,
  body: () => NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): FetchCase {
  return {
    path,
    init: () => {
      const made = body()
      return { method: 'POST', headers, body: made, ...(made instanceof ReadableStream && { duplex: 'half' as const }) }
    },
  }
}

/** The request line and the fields. */
export function titleOf({ path, init }: FetchCase): string {
  const { method = 'GET', headers } = init()
  return [method, path, ...Object.entries(headers).map((pair) => pair.join(': '))].join(' ')
}
