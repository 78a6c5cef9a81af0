import type { BrinkRequest } from 'brink'

/** Who asks. */
export const GET = ({ ip }: BrinkRequest) => ({ ip })
