/** Whether text is a token, as names of fields are (RFC 9110 §5.1). */
export function isFieldName(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/.test(text)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be sent
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g

/** Text as the value of a field: in UTF-8, and without characters that would end it (RFC 9110 §5.5). */
export function fieldText(text: string): string {
  return Buffer.from(text).toString('latin1').replace(CONTROL, ' ').trim()
}
