// `brink/target`: a server for load tests and for tests of clients.
export type { FaultKind } from './target/drawn_fault.js'
export type { FaultLimits } from './target/fault_limits.js'
export { limitsOf, type TargetLimitOptions, type TargetLimits } from './target/limits.js'
export type { TargetOptions } from './target/options.js'
export type { PlanState } from './target/plan.js'
export type { ReceivedRequest, RecordOptions } from './target/recorder.js'
export { fieldLines, fieldsKey, protocolOf } from './target/request_facts.js'
export { type Target, target } from './target/target.js'
