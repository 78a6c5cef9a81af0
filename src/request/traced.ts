/** What tells the life of one request, where somebody listens. */
export interface Traced {
  /** The status of the answer, once it is known. */
  status: number
  /** Something was thrown, or a stream has failed. What was told last is not told again. */
  failed(error: unknown): void
  /** The client has left before its answer was handed over. */
  left(): void
  /** The answer was handed over, or never will be. */
  ended(): void
}
