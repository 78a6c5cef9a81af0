import { decodeParams } from '#brink/fields/path.js'
import { type Reply, toReply } from '#brink/reply/reply.js'
import type { BrinkRequest } from '#brink/request/request.js'
import { compileRouter, type Router } from '#brink/routing/router.js'

/** The answer of a router to a request, and what it would have logged. */
export interface Asked {
  readonly answer: Reply
  readonly logged: readonly unknown[]
}

/** Asks a router as the server does, without a server. */
export async function ask(
  router: Router,
  method: string,
  target: string,
  fields: Record<string, string> = {},
): Promise<Asked> {
  const dispatcher = compileRouter(router)
  const { route, path, values } = dispatcher.find(method, target)
  const params = decodeParams(route.names, values)
  const logged: unknown[] = []
  const report = (error: unknown) => logged.push(error)
  const req = { method, path, params, headers: new Headers(fields), report } as unknown as BrinkRequest
  try {
    return { answer: await toReply(await route.run(req)), logged }
  } catch (error) {
    return { answer: await dispatcher.failed(error, req), logged }
  }
}

/** Status and body of the answer, such as `404 Not Found`. */
export async function answerOf(router: Router, method: string, target: string): Promise<string> {
  const { answer } = await ask(router, method, target)
  const { status, body } = answer
  return body === undefined ? String(status) : `${status} ${typeof body === 'string' ? body : JSON.stringify(body)}`
}
