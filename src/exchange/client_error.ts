/** A client that was refused, or cut off. */
export interface ClientError {
  /** Why: a stable code, such as `INVALID_HOST` or `HEADERS_TIMEOUT`. SECURITY.md lists them. */
  readonly code: string
  /** The status that the client was told; 0 when it could be told nothing. */
  readonly status: number
  /** The address of the peer. */
  readonly ip: string
  /** The port of the peer. */
  readonly port: number
  /** Others before this one that were not told, for there were too many. */
  readonly untold: number
}
