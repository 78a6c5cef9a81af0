import { HttpError } from '../fields/http_error.js'
import { parseMediaType } from '../fields/media_type.js'
import { checkedLimits, type FormLimits, formTooLarge } from './form_limits.js'
import { boundaryOf, Multipart } from './multipart.js'
import { hasMoreFields, urlencodedPairs } from './urlencoded.js'

/**
 * Reads a whole form into memory: `application/x-www-form-urlencoded` (WHATWG URL §5.1) or `multipart/form-data` (RFC
 * 7578), which needs the package `@fastify/busboy`. Use `parts()` for large files.
 *
 * @param contentType the value of the body's `Content-Type`
 * @throws HttpError 415 for another type or none, 400 `ERR_INVALID_FORM` for a malformed body, 413 above the limits;
 * Error `ERR_MISSING_PEER`; TypeError or RangeError for invalid limits; any error of the chunks
 */
export async function readForm(
  contentType: string | null,
  chunks: AsyncIterable<Uint8Array>,
  limits: FormLimits = {},
): Promise<FormData> {
  const checked = checkedLimits(limits)
  const essence = parseMediaType(contentType)?.essence
  if (essence === 'application/x-www-form-urlencoded') return readUrlencoded(chunks, checked)
  if (essence === 'multipart/form-data') return readMultipart(boundaryOf(contentType), chunks, checked)
  throw new HttpError(415, 'The body must be multipart/form-data or application/x-www-form-urlencoded.')
}

async function readMultipart(
  boundary: string,
  chunks: AsyncIterable<Uint8Array>,
  limits: Required<FormLimits>,
): Promise<FormData> {
  const form = new FormData()
  for await (const { name, filename, type, ...part } of new Multipart(boundary, chunks, limits)) {
    if (filename === undefined) form.append(name, await part.text())
    else form.append(name, new File([await part.bytes()], filename, { type }))
  }
  return form
}

async function readUrlencoded(chunks: AsyncIterable<Uint8Array>, limits: Required<FormLimits>): Promise<FormData> {
  const gathered: Uint8Array[] = []
  for await (const chunk of chunks) gathered.push(chunk)
  const bytes = Buffer.concat(gathered)
  if (hasMoreFields(bytes, limits.fields)) throw formTooLarge('too many fields')
  const form = new FormData()
  for (const [name, value] of urlencodedPairs(bytes)) {
    if (Buffer.byteLength(value) > limits.fieldSize) throw formTooLarge('a field that is too large')
    form.append(name, value)
  }
  return form
}
