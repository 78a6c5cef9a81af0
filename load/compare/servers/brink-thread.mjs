// The same app, with the loop on a thread of its own.
import { listen as listenWith } from './brink.mjs'

export const listen = (setup) => listenWith({ ...setup, threads: 1 })
