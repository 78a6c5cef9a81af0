// What a request says about itself to the target: its run, the faults that it wants, and the number of its draw. It is
// looked for once in each new head.

/** What a head says. */
export interface Asked {
  /** The id of the run that it belongs to. */
  readonly run: string | undefined
  /** Faults in place of those of the plan. */
  readonly faults: string | undefined
  /** The number of its draw. */
  readonly number: string | undefined
}

const NOTHING: Asked = { run: undefined, faults: undefined, number: undefined }

const HAS_FIELD = /\r\nx-(?:fault|run-id)/i
const FIELD = /\r\n(x-fault|x-fault-number|x-run-id):[ \t]*([^\r\n]*)/gi
const HAS_PARAM = /(?:^|&)(?:fault|run)=/

/**
 * @param head the request line and the fields
 * @param search the raw query without its `?`
 */
export function askedIn(head: string, search: string): Asked {
  const hasField = HAS_FIELD.test(head)
  const hasParam = search !== '' && HAS_PARAM.test(search)
  if (!hasField && !hasParam) return NOTHING
  const params = hasParam ? new URLSearchParams(search) : undefined
  const fields = hasField ? fieldsIn(head) : undefined
  return {
    run: fields?.get('x-run-id') ?? params?.get('run') ?? undefined,
    faults: fields?.get('x-fault') ?? params?.get('fault') ?? undefined,
    number: fields?.get('x-fault-number'),
  }
}

/** Several lines of a field are one list. */
function fieldsIn(head: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [, name, value] of head.matchAll(FIELD)) {
    const key = (name as string).toLowerCase()
    const before = fields.get(key)
    const text = (value as string).trimEnd()
    fields.set(key, before === undefined ? text : `${before};${text}`)
  }
  return fields
}
