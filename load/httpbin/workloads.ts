// What both are asked: endpoints of httpbin, by a bare client and by one that sends what a browser does.
import { get, type Request } from '../request.js'

export interface Workload {
  readonly name: string
  readonly request: Request
  readonly pipelining: number
}

const BROWSER: Request['fields'] = [
  ['Connection', 'keep-alive'],
  [
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  ],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['sec-ch-ua', '"Chromium";v="131", "Not_A Brand";v="24"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['Sec-Fetch-Site', 'none'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
  ['Upgrade-Insecure-Requests', '1'],
  ['Cookie', 'theme=dark; session=0f8fad5b-d9cb-469f-a165-70867728950e'],
]

const ORDER = JSON.stringify({
  customer: 'Ada Lovelace',
  express: true,
  items: Array.from({ length: 12 }, (_, index) => ({
    id: 1000 + index,
    name: `Item number ${index}`,
    price: 9.5 + index,
  })),
})
const anything: Request = {
  method: 'POST',
  target: '/anything',
  fields: [['Content-Type', 'application/json']],
  body: ORDER,
}
const PIPELINED = 16

const asked = (name: string, request: Request, pipelining = 1): Workload => ({ name, request, pipelining })

export const WORKLOADS: readonly Workload[] = [
  asked('get', get('/get')),
  asked('get, a browser’s fields', get('/get', BROWSER)),
  asked('headers', get('/headers')),
  asked('headers, a browser’s fields', get('/headers', BROWSER)),
  asked('status/200', get('/status/200')),
  asked('bytes/1024', get('/bytes/1024')),
  asked('POST /anything, JSON', anything),
  asked('get, pipelined ×16', get('/get'), PIPELINED),
  asked('status/200, pipelined ×16', get('/status/200'), PIPELINED),
  asked('bytes/1024, pipelined ×16', get('/bytes/1024'), PIPELINED),
]
