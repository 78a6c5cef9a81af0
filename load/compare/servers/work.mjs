// What every server does, whatever it is made of, so that they differ in nothing but how.

export const GREETING = 'Hello, World!'

const LINE = 'A line of a file, as others.\n'
/** 1 MiB. */
export const LARGE = Buffer.from(LINE.repeat(2 ** 20 / LINE.length + 1).slice(0, 2 ** 20))

/** Made anew for each request, as an object that came from somewhere would be. */
export const message = () => ({ message: GREETING })

export const RESOLVED = Promise.resolve()

export const afterTimer = () => new Promise((resolve) => setTimeout(resolve, 1))

/** What /users/:id?x=… answers: two things out of the target, two out of the fields. */
export const userText = (id, x, agent, language) => `${id} ${x} ${agent} ${language}`

// Below /api: fifty routes behind three middlewares. The first leaves something for the handler, the second turns
// strangers away, the third adds a field.
export const RESOURCES = [
  'users',
  'posts',
  'comments',
  'orders',
  'products',
  'invoices',
  'tickets',
  'events',
  'teams',
  'sessions',
]
export const KEY_FIELD = 'x-api-key'
export const nameOfKey = (key) => (key === 'open-sesame' ? 'ada' : undefined)
export const SERVED_BY = ['x-served-by', 'compare']

/** What each of the fifty answers. */
export const resourceText = (method, resource, id, name, tenant) => `${method} ${resource} ${id} ${name} ${tenant}`
export const TENANT = 'acme'

/** The five routes of a resource: method, and whether its path ends with an id. */
export const RESOURCE_ROUTES = [
  ['GET', false],
  ['POST', false],
  ['GET', true],
  ['PUT', true],
  ['DELETE', true],
]
