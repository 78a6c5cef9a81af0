import type { CheckedFaultLimits } from './fault_limits.js'
import type { TextReader } from './text_reader.js'

/** A kind of value in the fault grammar. */
export interface ValueKind<Value> {
  /** What the grammar allows, as a regular expression without captures. */
  readonly pattern: string
  /** @throws FaultError `ERR_FAULT_SYNTAX` for what the pattern does not match */
  read(reader: TextReader): Value
  /** What is wrong with a value that the grammar allows, as a sentence without its end; undefined when nothing is. */
  complaint?(value: Value, limits: CheckedFaultLimits): string | undefined
}
