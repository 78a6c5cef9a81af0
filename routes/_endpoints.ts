/** What the index page says about each route. */
export interface Endpoint {
  readonly methods: string
  /** As people read it, with `:param`s. */
  readonly path: string
  /** A path to try it by. */
  readonly example: string
  readonly says: string
}

export const endpoints: readonly Endpoint[] = [
  {
    methods: 'GET',
    path: '/plaintext',
    example: '/plaintext',
    says: 'Hello, World! as plain text: the smallest answer.',
  },
  { methods: 'GET', path: '/json', example: '/json', says: 'A small object, made JSON anew for each request.' },
  { methods: 'POST, PUT, PATCH', path: '/echo', example: '/echo', says: 'What was sent, with its content type.' },
  { methods: 'any', path: '/status/:code', example: '/status/418', says: 'An answer with this status, 200 to 599.' },
  {
    methods: 'GET',
    path: '/delay/:ms',
    example: '/delay/250',
    says: 'An answer after so many milliseconds, at most 10,000.',
  },
  {
    methods: 'GET',
    path: '/bytes/:n',
    example: '/bytes/1024',
    says: 'So many bytes, always the same ones, at most 16 MiB.',
  },
  { methods: 'GET', path: '/headers', example: '/headers', says: 'The header fields of the request, as JSON.' },
  { methods: 'GET', path: '/ip', example: '/ip', says: 'The address that the request came from.' },
  { methods: 'GET', path: '/health', example: '/health', says: 'Whether the server is well, for probes.' },
]
