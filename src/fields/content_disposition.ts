/**
 * The value of `content-disposition` that makes browsers save a body under a name (RFC 6266). A name that is not
 * ASCII is added a second time in the encoding of RFC 8187, which current browsers prefer.
 */
export function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/gu, '_')
  const quoted = plain.replace(/["\\]/g, '\\$&')
  // Some browsers decode percent escapes in the plain form.
  if (plain === name && !name.includes('%')) return `attachment; filename="${quoted}"`
  return `attachment; filename="${quoted.replaceAll('%', '_')}"; filename*=UTF-8''${encoded(name)}`
}

function encoded(name: string): string {
  // Through bytes, because encodeURIComponent throws for lone surrogates.
  return encodeURIComponent(Buffer.from(name).toString()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
