/** JSON for people, to stand in an object at a depth: its lines are indented. */
export function pretty(value: unknown, depth = 0): string {
  // Line breaks in strings are escaped, so those that are left are between the lines.
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${'  '.repeat(depth)}`)
}
