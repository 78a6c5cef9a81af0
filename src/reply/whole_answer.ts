import type { ReplyBytes } from '../exchange/reply_bytes.js'

/** An answer that is there as a whole, as it crosses: nobody can change it any more. */
export class WholeAnswer {
  /**
   * @param flags the layout's
   * @param fields complete lines, checked
   * @param length what a HEAD or a 304 says of the body that it does not have
   */
  constructor(
    readonly status: number,
    readonly flags: number,
    readonly fields: string,
    readonly body: ReplyBytes,
    readonly length: number | undefined,
  ) {}
}
