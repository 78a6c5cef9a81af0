// Elements of the page. What came from a client or from the target gets into it as text alone.

/** An element of the page's HTML. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no #${id}.`)
  return found as E
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: { className?: string; textContent?: string } = {},
  ...children: Node[]
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties)
  element.append(...children)
  return element
}

/** Only what has changed is written: a screen reader that stands there is not disturbed. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** A cell of a table: text, or a share from 0 to 1 that is shown as a bar. */
export type Cell = string | { readonly share: number; readonly label: string }

/** The columns whose cells are numbers stand to the right. */
export interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

/** Writes a table anew, or the sentence that says why it is empty. Cells that stay the same are left alone. */
export function fillTable(
  table: HTMLTableElement,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  whenEmpty: string,
): void {
  const heads = table.tHead ?? table.createTHead()
  if (heads.rows.length === 0) {
    const row = heads.insertRow()
    for (const { title, isNumber } of columns) {
      const head = make('th', { textContent: title, className: isNumber ? 'number' : '' })
      head.scope = 'col'
      row.append(head)
    }
  }
  const body = table.tBodies[0] ?? table.createTBody()
  const shown = rows.length > 0 ? rows : [[whenEmpty]]
  while (body.rows.length > shown.length) body.deleteRow(-1)
  for (const [place, cells] of shown.entries()) fillRow(body.rows[place] ?? body.insertRow(), columns, cells)
}

function fillRow(row: HTMLTableRowElement, columns: readonly Column[], cells: readonly Cell[]): void {
  while (row.cells.length > cells.length) row.deleteCell(-1)
  for (const [place, cell] of cells.entries()) {
    const element = row.cells[place] ?? row.insertCell()
    element.className = columns[place]?.isNumber && cells.length > 1 ? 'number' : ''
    element.colSpan = cells.length === 1 ? columns.length : 1
    if (typeof cell === 'string') write(element, cell)
    else fillBar(element, cell)
  }
}

function fillBar(element: HTMLTableCellElement, { share, label }: Exclude<Cell, string>): void {
  let meter = element.querySelector('meter')
  if (meter === null) {
    meter = make('meter')
    element.replaceChildren(meter)
  }
  meter.value = share
  meter.setAttribute('aria-label', label)
}
