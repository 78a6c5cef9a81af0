/** What one route has other than the server. */
export interface RouteOptions {
  /**
   * The largest request body of this route, in bytes, above which the answer is 413; `Infinity` for any. Default: the
   * server's.
   */
  readonly bodyLimit?: number | undefined
  /**
   * Runs the handler as soon as the head of a request is there, for handlers that take `req.body` as it arrives, or
   * answer without it. Default: false: bodies up to 64 KiB are waited for, larger ones, and those for which the client
   * expects `100 Continue`, arrive while the handler runs.
   */
  readonly stream?: boolean | undefined
  /** How long a whole request may take to arrive, in milliseconds. Default: the server's. */
  readonly requestTimeout?: number | undefined
  /** How long the client may take none of its answer, in milliseconds. Default: the server's. */
  readonly writeTimeout?: number | undefined
  /** Bytes a second that a body must arrive, and the answer be taken with; 0 for any rate. Default: the server's. */
  readonly minRate?: number | undefined
}
