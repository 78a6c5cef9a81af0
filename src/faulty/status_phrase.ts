import { reasonPhrase } from '../fields/reason_phrase.js'

const PHRASES = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [203, 'Non-Authoritative Information'],
  [204, 'No Content'],
  [205, 'Reset Content'],
  [206, 'Partial Content'],
  [207, 'Multi-Status'],
  [300, 'Multiple Choices'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
])

/** The reason phrase of any status, as the native side writes it; empty for an unknown one (RFC 9112 §4). */
export function statusPhrase(status: number): string {
  return status < 400 ? (PHRASES.get(status) ?? '') : reasonPhrase(status)
}
