/**
 * A Buffer with methods that exist on every Buffer but not in Node's types. They skip argument checks and the lookup
 * of an encoding by name, which take half the time for a short text.
 */
export interface RawBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  latin1Write(text: string, offset: number): number
  utf8Write(text: string, offset: number): number
}

export function raw(buffer: Buffer): RawBuffer {
  return buffer as RawBuffer
}
