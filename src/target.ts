// `brink/target`: a server for load tests and for tests of clients.

export type { FaultKind } from './faults/drawn_fault.js'
export { exactTimers } from './faults/exact_timers.js'
export type { FaultLimits } from './faults/fault_limits.js'
export type { PlanState } from './faults/plan.js'
export type { TimeSummary } from './statistics/hdr_counts.js'
export type { StatisticsSnapshot } from './statistics/statistics_shape.js'
export type { ControlAccess } from './target/control_access.js'
export { isOnTarget, limitsOf, type TargetLimitOptions, type TargetLimits } from './target/limits.js'
export type { TargetOptions } from './target/options.js'
export type { ReceivedRequest, RecordOptions } from './target/recorder.js'
export { arrivedBody, fieldLines, fieldsKey, protocolOf, trustsProxies } from './target/request_facts.js'
export { type Target, target } from './target/target.js'
