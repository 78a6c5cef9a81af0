// `brink/target`: a server for load tests and for tests of clients.
export { limitsOf, type TargetLimitOptions, type TargetLimits } from './target/limits.js'
export type { TargetOptions } from './target/options.js'
export { fieldLines, fieldsKey, protocolOf } from './target/request_facts.js'
export { type Target, target } from './target/target.js'
