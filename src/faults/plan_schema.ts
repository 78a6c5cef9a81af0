// The JSON Schema of plans. It is made of the tables by which plans are parsed, so it accepts what they do: the parser refuses
// what it refuses with `ERR_FAULT_SYNTAX`, and besides with `ERR_FAULT_VALUE` what a schema cannot tell, such as sums.
import { CLAUSES, type Clause, clausesFor } from './fault_clauses.js'
import { LONGEST_TEXT, NONE } from './fault_text.js'
import { LARGEST_SEED, METHOD_PATTERN, MOST_REQUESTS, NAME_LENGTH, PATH_PATTERN, STARTS } from './plan_words.js'
import { quantityPattern, TIME } from './quantities.js'
import { SPACE_PATTERN } from './text_reader.js'

type Schema = { readonly [Keyword: string]: unknown }

/** JSON Schema, draft 2020-12. */
export function planSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A plan of faults for a load target of brink',
    description:
      'Probabilities above 100 % together, bounds in the wrong order, clauses that are there twice, and what the limits of ' +
      'the server do not allow are refused as well, and cannot be told by a schema.',
    ...object(['phases'], {
      $schema: { type: 'string' },
      seed: { type: 'integer', minimum: 0, maximum: LARGEST_SEED, description: 'Default: that of the server.' },
      start: {
        enum: STARTS,
        description: 'Default: first-request for the plan that a server starts with, now for one that is sent.',
      },
      repeat: { type: 'boolean', default: false, description: 'The first phase follows the last.' },
      phases: { type: 'array', minItems: 1, items: { $ref: '#/$defs/phase' } },
    }),
    $defs: {
      phase: PHASE,
      rule: RULE,
      method: { type: 'string', pattern: METHOD_PATTERN },
      answerFaults: faults('answer'),
      serverFaults: faults('server'),
    },
  }
}

const PHASE: Schema = {
  description: 'It ends at the first of its ends; one without an end lasts for ever.',
  ...object([], {
    name: { type: 'string', maxLength: NAME_LENGTH },
    for: { type: 'string', pattern: `^${quantityPattern(TIME)}$`, description: 'A time such as 30s.' },
    requests: { type: 'integer', minimum: 1, maximum: MOST_REQUESTS, description: 'After so many requests it ends.' },
    fault: { $ref: '#/$defs/serverFaults', description: 'For what no rule matches.' },
    rules: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/$defs/rule' },
      description: 'The first that matches a request counts.',
    },
  }),
}

const RULE: Schema = object(['fault'], {
  path: { type: 'string', pattern: PATH_PATTERN, description: 'An asterisk stands for any characters.' },
  method: {
    anyOf: [{ $ref: '#/$defs/method' }, { type: 'array', minItems: 1, items: { $ref: '#/$defs/method' } }],
  },
  fault: { $ref: '#/$defs/answerFaults' },
})

function object(required: readonly string[], properties: Schema): Schema {
  return { type: 'object', required, properties, additionalProperties: false }
}

function faults(scope: Clause['scope']): Schema {
  const properties = Object.fromEntries(clausesFor(scope).map((name) => [name, valueSchema(CLAUSES[name])]))
  return { anyOf: [{ type: 'string', maxLength: LONGEST_TEXT, pattern: textPattern(scope) }, object([], properties)] }
}

/** What an object says for a clause. */
function valueSchema({ alone, pattern }: Clause): Schema {
  const text = { type: 'string', maxLength: LONGEST_TEXT, pattern: `^${SPACE_PATTERN}${pattern}${SPACE_PATTERN}$` }
  if (alone === 'must') return { const: true }
  return alone === 'may' ? { anyOf: [{ const: true }, text] } : text
}

function textPattern(scope: Clause['scope']): string {
  const clause = `(?:${clausesFor(scope).map(clausePattern).join('|')})`
  const sign = (text: string) => `${SPACE_PATTERN}${text}${SPACE_PATTERN}`
  return `^${SPACE_PATTERN}(?:${NONE}|${clause}(?:${sign(';')}${clause})*)(?:${sign(';')})?${SPACE_PATTERN}$`
}

function clausePattern(name: keyof typeof CLAUSES): string {
  const { alone, pattern }: Clause = CLAUSES[name]
  if (alone === 'must') return name
  const value = `${SPACE_PATTERN}=${SPACE_PATTERN}(?:${pattern})`
  return alone === 'may' ? `${name}(?:${value})?` : `${name}${value}`
}
