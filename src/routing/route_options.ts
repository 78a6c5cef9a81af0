/** Options of one route. They replace those of the server. */
export interface RouteOptions {
  /**
   * The maximum size of a request body, in bytes. A larger one gets 413. `Infinity` for no limit. Default: the
   * server's `bodyLimit`.
   */
  readonly bodyLimit?: number | undefined
  /**
   * Whether to run the handler as soon as the request head has arrived, for handlers that read `req.body` as it
   * arrives, or answer without it. By default, bodies up to 64 KiB are received first; larger ones, and those of
   * clients that expect `100 Continue`, arrive while the handler runs. Default: false.
   */
  readonly stream?: boolean | undefined
  /** How long a whole request may take to arrive, in milliseconds from its first byte. Default: the server's. */
  readonly requestTimeout?: number | undefined
  /**
   * How long the client may read nothing of its response, in milliseconds, before it is disconnected. Default: the
   * server's.
   */
  readonly writeTimeout?: number | undefined
  /**
   * The minimum rate, in bytes per second, at which the body must arrive and the response must be read; 0 for no
   * minimum. Default: the server's.
   */
  readonly minRate?: number | undefined
}
