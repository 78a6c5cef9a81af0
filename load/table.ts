/** Lines up columns: the first to the left, numbers to the right. */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** The same for Markdown. */
export function markdownTable(header: string[], rows: string[][]): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '---:'))
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Such as `141 k` and `9.5 k`. */
export function thousands(value: number): string {
  return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} k`
}

export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
