import type { BrinkRequest } from 'brink'

/** The header fields of the request, by name. Fields that came several times are joined, as `get` joins them. */
export const GET = ({ headers }: BrinkRequest) => Object.fromEntries(headers)
