/** A request as a client sends it, and what load generators send over and over. */
export interface Request {
  method: string
  /** Path and query. */
  target: string
  /** Besides Host, and the length of a body. */
  fields: readonly (readonly [name: string, value: string])[]
  body?: string
}

export function get(target: string, fields: Request['fields'] = []): Request {
  return { method: 'GET', target, fields }
}

/** All of its bytes. What it is made of is ASCII. */
export function bytesOf({ method, target, fields, body }: Request, host: string): string {
  const all = [['Host', host], ...fields, ...(body === undefined ? [] : [['Content-Length', String(body.length)]])]
  const lines = [`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)]
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}
