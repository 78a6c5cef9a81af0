// As much of JSON Schema (draft 2020-12) as the schema of plans needs. An unknown keyword is an error, so that none is skipped.
type Schema = { readonly [keyword: string]: unknown }

/** Whether a value is what a schema says. */
export function matchesSchema(root: Schema, value: unknown): boolean {
  return new Validator(root).matches(root, value)
}

const ANNOTATIONS = new Set(['$schema', '$defs', 'title', 'description', 'default'])

const patterns = new Map<string, RegExp>()

class Validator {
  readonly #root: Schema

  constructor(root: Schema) {
    this.#root = root
  }

  matches(schema: Schema, value: unknown): boolean {
    return Object.entries(schema).every(
      ([keyword, argument]) => ANNOTATIONS.has(keyword) || this.#keyword(keyword, argument, value, schema),
    )
  }

  #keyword(keyword: string, argument: unknown, value: unknown, schema: Schema): boolean {
    switch (keyword) {
      case '$ref':
        return this.matches(this.#resolved(argument as string), value)
      case 'anyOf':
        return (argument as Schema[]).some((each) => this.matches(each, value))
      case 'const':
        return value === argument
      case 'enum':
        return (argument as unknown[]).includes(value)
      case 'type':
        return typeOf(value) === argument || (argument === 'integer' && Number.isInteger(value))
      case 'minimum':
        return typeof value !== 'number' || value >= (argument as number)
      case 'maximum':
        return typeof value !== 'number' || value <= (argument as number)
      case 'maxLength':
        return typeof value !== 'string' || [...value].length <= (argument as number)
      case 'pattern':
        return typeof value !== 'string' || this.#pattern(argument as string).test(value)
      case 'minItems':
        return !Array.isArray(value) || value.length >= (argument as number)
      case 'items':
        return !Array.isArray(value) || value.every((each) => this.matches(argument as Schema, each))
      case 'required':
        return !isObject(value) || (argument as string[]).every((name) => Object.hasOwn(value, name))
      case 'properties':
        return !isObject(value) || this.#properties(argument as Record<string, Schema>, value)
      case 'additionalProperties':
        if (argument !== false) throw new Error('additionalProperties')
        return !isObject(value) || Object.keys(value).every((name) => Object.hasOwn(schema.properties as object, name))
      default:
        throw new Error(`The keyword ${keyword} is unknown.`)
    }
  }

  #properties(properties: Record<string, Schema>, value: object): boolean {
    return Object.entries(value).every(
      ([name, each]) => !Object.hasOwn(properties, name) || this.matches(properties[name] as Schema, each),
    )
  }

  #resolved(reference: string): Schema {
    const name = reference.replace('#/$defs/', '')
    return (this.#root.$defs as Record<string, Schema>)[name] as Schema
  }

  #pattern(source: string): RegExp {
    const known = patterns.get(source) ?? new RegExp(source, 'u')
    patterns.set(source, known)
    return known
  }
}

function isObject(value: unknown): value is object {
  return typeOf(value) === 'object'
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}
