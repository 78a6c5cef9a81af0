/** What the index page says about an endpoint. */
export interface Endpoint {
  readonly methods: string
  /** As people read it, with `:param`s. */
  readonly path: string
  /** A path to try it by; undefined where a browser cannot. */
  readonly example?: string
  readonly says: string
}

export interface Group {
  readonly title: string
  readonly endpoints: readonly Endpoint[]
}

const any = (path: string, example: string, says: string): Endpoint => ({ methods: 'any', path, example, says })
const get = (path: string, example: string, says: string): Endpoint => ({ methods: 'GET', path, example, says })
const sent = (methods: string, path: string, says: string): Endpoint => ({ methods, path, says })

/** In the order of the page. Query parameters are told with the path. */
export const groups: readonly Group[] = [
  {
    title: 'For benchmarks',
    endpoints: [
      get('/plaintext', '/plaintext', 'Hello, World! as plain text: the smallest answer.'),
      get('/json', '/json', 'A small object, made JSON anew for each request.'),
      get('/json/:count?m=', '/json/3?m=2', 'The first of 50 items with totals, compressed for those who accept it.'),
      {
        methods: 'GET, POST',
        path: '/baseline11?a=&b=',
        example: '/baseline11?a=13&b=42',
        says: 'The sum of the numbers in the query and the body.',
      },
      get('/pipeline', '/pipeline', 'ok.'),
      get('/health', '/health', 'Whether the server is well, for probes.'),
    ],
  },
  {
    title: 'The request, repeated',
    endpoints: [
      get('/get', '/get?a=1&a=2', 'Query, fields, method, origin and URL of the request.'),
      sent('HEAD', '/head', 'The same for HEAD alone.'),
      sent('POST', '/post', 'The request with its body, its form, its files and its JSON.'),
      sent('PUT', '/put', 'The same.'),
      sent('PATCH', '/patch', 'The same.'),
      sent('DELETE', '/delete', 'The same.'),
      any('/anything', '/anything', 'The same with any method.'),
      any('/anything/*rest', '/anything/at/all', 'The same below any path.'),
      any('/headers', '/headers', 'The header fields.'),
      any('/ip?format=', '/ip', 'The address of the client; as text with format=text.'),
      any('/user-agent', '/user-agent', 'The program of the client.'),
      any('/dump/request', '/dump/request', 'The request as it arrived, with its order and its spelling.'),
      {
        methods: 'GET, POST, PUT, PATCH',
        path: '/echo',
        example: '/echo',
        says: 'The body that was sent, with its content type.',
      },
      sent('POST, PUT, PATCH', '/upload?format=', 'How many bytes were sent; as text with format=text.'),
    ],
  },
  {
    title: 'Statuses and redirects',
    endpoints: [
      any('/status/:code', '/status/418', 'This status, 200 to 599, or one of several by weight: 200:0.9,503:0.1.'),
      any('/unstable?failure_rate=&seed=', '/unstable?failure_rate=0.5', '500 with this probability, otherwise 200.'),
      any('/redirect/:count?absolute=', '/redirect/2', 'So many redirects, at last to /get.'),
      any('/relative-redirect/:count', '/relative-redirect/2', 'So many redirects by paths.'),
      any('/absolute-redirect/:count', '/absolute-redirect/2', 'So many redirects by URLs.'),
      any(
        '/redirect-to?url=&status_code=',
        '/redirect-to?url=/get&status_code=307',
        'A redirect to a path, or to a host that is allowed.',
      ),
    ],
  },
  {
    title: 'Time, sizes and streams',
    endpoints: [
      any('/delay/:duration', '/delay/0.5', 'The request after so many seconds, or after 250ms or 1m30s.'),
      any(
        '/drip?duration=&delay=&numbytes=&code=',
        '/drip?duration=2&delay=0&numbytes=10',
        'A body of a known length that comes slowly.',
      ),
      any('/bytes/:count?seed=', '/bytes/1024?seed=7', 'So many random bytes; the same ones for the same seed.'),
      any('/stream-bytes/:count?seed=&chunk_size=', '/stream-bytes/4096?chunk_size=512', 'The same in chunks.'),
      any('/range/:count?duration=', '/range/1024', 'So many letters, of which ranges can be asked for.'),
      any('/stream/:count', '/stream/5', 'So many lines of JSON.'),
      any('/jsonl?count=&duration=&delay=&jitter=', '/jsonl?count=5&duration=2', 'Lines of JSON over a time.'),
      any('/sse?count=&duration=&delay=&jitter=', '/sse?count=5&duration=2', 'Server-sent events over a time.'),
      any('/trailers?name=', '/trailers?x-checked=yes', 'The request in chunks, with the query as trailers.'),
      sent('GET', '/websocket/echo?max_fragment_size=&max_message_size=', 'A WebSocket that sends every message back.'),
      any('/links/:count', '/links/10', 'A redirect to the first of so many pages.'),
      any('/links/:count/:offset', '/links/10/0', 'A page with links to the others.'),
    ],
  },
  {
    title: 'Fields, cookies, caches',
    endpoints: [
      any('/response-headers?name=', '/response-headers?x-one=1', 'The query as fields of the answer.'),
      any('/cookies', '/cookies', 'The cookies of the request.'),
      any('/cookies/set?name=&attr[Secure]=', '/cookies/set?a=1', 'Sets cookies, with attributes.'),
      any('/cookies/delete?name=', '/cookies/delete?a', 'Deletes cookies.'),
      any('/cache', '/cache', '304 to conditional requests, otherwise the request.'),
      any('/cache/:seconds', '/cache/60', 'The request, which may be kept for so many seconds.'),
      any('/etag/:etag', '/etag/abc', 'The request with this tag, and If-Match and If-None-Match.'),
    ],
  },
  {
    title: 'Authentication',
    endpoints: [
      any('/basic-auth/:user/:password', '/basic-auth/ada/secret', 'Asks for them by Basic authentication.'),
      any(
        '/hidden-basic-auth/:user/:password',
        '/hidden-basic-auth/ada/secret',
        'The same with 404 in the place of 401.',
      ),
      any(
        '/digest-auth/:qop/:user/:password',
        '/digest-auth/auth/ada/secret',
        'Asks for them by Digest authentication with MD5.',
      ),
      any(
        '/digest-auth/:qop/:user/:password/:algorithm',
        '/digest-auth/auth/ada/secret/SHA-256',
        'The same with MD5 or SHA-256.',
      ),
      any('/bearer', '/bearer', 'Asks for any bearer token.'),
    ],
  },
  {
    title: 'Formats and codings',
    endpoints: [
      any('/gzip', '/gzip', 'The request in gzip.'),
      any('/deflate', '/deflate', 'The request in deflate.'),
      any('/brotli', '/brotli', 'The request in Brotli.'),
      any('/zstd', '/zstd', 'The request in Zstandard. Node.js before 22.15 stores it in a frame, uncompressed.'),
      get('/encoding/utf8', '/encoding/utf8', 'A page with characters of many scripts.'),
      get('/forms/post', '/forms/post', 'A form for /post.'),
      any('/html', '/html', 'A page.'),
      any('/xml', '/xml', 'A document in XML.'),
      any('/json/slideshow', '/json/slideshow', 'The sample that httpbin has at /json.'),
      any('/image', '/image', 'A picture in a format that is accepted.'),
      any('/image/:kind', '/image/png', 'A picture: png, jpeg, webp, avif or svg.'),
      any('/base64/:data', '/base64/YnJpbms=', 'Decodes base64.'),
      any('/base64/:operation/:data?content-type=', '/base64/encode/brink', 'Encodes or decodes base64.'),
      any('/uuid', '/uuid', 'A random UUID.'),
    ],
  },
  {
    title: 'The target itself',
    endpoints: [
      get('/', '/', 'This page.'),
      any('/version', '/version', 'Its version.'),
      any('/hostname', '/hostname', 'The name of its machine, as far as it is shown.'),
      any('/env', '/env', 'Its environment variables HTTPBIN_ENV_… and BRINK_ENV_….'),
      any('/robots.txt', '/robots.txt', 'What crawlers are asked to leave out.'),
      any('/deny', '/deny', 'What they are asked to leave out.'),
    ],
  },
]
