import { join } from 'node:path'
import { routesFrom } from '../folder/folder.js'
import type { CloseOptions, CloseReport } from '../request/closing.js'
import { compileRouter, Router } from '../routing/router.js'
import { packageFolder } from '../runtime/package_place.js'
import { isNoHandler } from '../runtime/uncalled.js'
import { type Server, serveDispatcher } from '../server/server.js'
import type { ServerStats } from '../server/stats.js'
import { controlRoutes } from './control.js'
import { checkedTargetOptions, type TargetOptions } from './options.js'

/** Answers may stall for ever on purpose, so a target does not wait for them as a server does. */
const CLOSE_DEADLINE_MS = 1000

/** A running load target. `target()` creates it. */
export interface Target {
  /** Its URL, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Its port. For port 0, the one that the system has chosen. */
  readonly port: number
  /** The server below, for its listeners, signals and metrics. */
  readonly server: Server
  /** What has happened since the start. */
  stats(): ServerStats
  /**
   * Closes it: answers what is open, and cuts what is left after `deadline`, which is 1000 ms here. Called again, it
   * waits for the same end.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, RangeError `ERR_OUT_OF_RANGE` for wrong options
   */
  close(options?: CloseOptions): Promise<CloseReport>
  /** Closes it at the end of a block: `await using t = await target()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a load target: a server with endpoints for load generators and tests of clients. It listens at any free port, if
 * it is not told where.
 *
 * @throws the errors of `serve()`
 */
export async function target(options: TargetOptions = {}): Promise<Target> {
  const { serve } = checkedTargetOptions(options)
  const router = new Router().mount('/', await bundledRoutes()).mount('/', controlRoutes())
  return new RunningTarget(await serveDispatcher(compileRouter(router), serve))
}

isNoHandler(target, 'call it, await target(options)')

class RunningTarget implements Target {
  constructor(readonly server: Server) {}

  get url(): string {
    return this.server.url
  }

  get port(): number {
    return this.server.port
  }

  stats(): ServerStats {
    return this.server.stats()
  }

  close(options: CloseOptions = { deadline: CLOSE_DEADLINE_MS }): Promise<CloseReport> {
    return this.server.close(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** They are loaded by their path: a bundle of an app does not have them. */
function bundledRoutes(): Promise<Router> {
  return routesFrom(join(packageFolder() as string, 'dist/routes'))
}
