/** A client that the server refused or disconnected. */
export interface ClientError {
  /** The reason, as a stable code such as `INVALID_HOST` or `HEADERS_TIMEOUT`. SECURITY.md lists all of them. */
  readonly code: string
  /** The status of the response that the client got, or 0 when none could be sent. */
  readonly status: number
  /** The IP address of the peer; `unix:` for a Unix domain socket. */
  readonly ip: string
  /** The port of the peer. */
  readonly port: number
  /** Why, in OpenSSL's words, for the codes that begin with `TLS_`; otherwise undefined. */
  readonly reason?: string
  /** How many refused clients before this one were not reported, because there were too many. */
  readonly untold: number
}
