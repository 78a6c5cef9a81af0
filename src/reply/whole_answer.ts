import type { ReplyBytes } from '../exchange/reply_bytes.js'

/** A complete answer in the form that the exchange takes. Middleware cannot change it. */
export class WholeAnswer {
  /**
   * @param flags flags of the layout
   * @param fields complete field lines, checked
   * @param length the content length of a HEAD or 304 answer, which has no body
   */
  constructor(
    readonly status: number,
    readonly flags: number,
    readonly fields: string,
    readonly body: ReplyBytes,
    readonly length: number | undefined,
  ) {}
}
