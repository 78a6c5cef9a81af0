// `brink/target`: a server for load tests and for tests of clients.
export type { TargetOptions } from './target/options.js'
export { type Target, target } from './target/target.js'
