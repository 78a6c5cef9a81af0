// Stores the notes in SQLite if Node has it, otherwise in memory.

/**
 * @typedef {{ id: number, text: string }} Note
 * @typedef {{
 *   kind: string,
 *   list(limit: number): Note[],
 *   get(id: number): Note | undefined,
 *   add(text: string): Note,
 *   change(id: number, text: string): Note | undefined,
 *   remove(id: number): boolean,
 *   close(): void,
 * }} Notes
 */

/**
 * @param {string} file a path, or `:memory:`
 * @returns {Promise<Notes>}
 */
export async function openNotes(file) {
  // String() keeps TypeScript from looking for types that older Node versions do not have.
  const sqlite = await import(String('node:sqlite')).catch(() => undefined)
  return sqlite === undefined ? inMemory() : inDatabase(new sqlite.DatabaseSync(file))
}

/** @returns {Notes} */
function inDatabase(database) {
  database.exec('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)')
  const list = database.prepare('SELECT id, text FROM notes ORDER BY id LIMIT ?')
  const get = database.prepare('SELECT id, text FROM notes WHERE id = ?')
  const add = database.prepare('INSERT INTO notes (text) VALUES (?) RETURNING id, text')
  const change = database.prepare('UPDATE notes SET text = ? WHERE id = ? RETURNING id, text')
  const remove = database.prepare('DELETE FROM notes WHERE id = ?')
  return {
    kind: 'SQLite',
    list: (limit) => list.all(limit),
    get: (id) => get.get(id),
    add: (text) => add.get(text),
    change: (id, text) => change.get(text, id),
    remove: (id) => remove.run(id).changes > 0,
    close: () => database.close(),
  }
}

/** @returns {Notes} */
function inMemory() {
  const notes = new Map()
  let last = 0
  return {
    kind: 'memory, as this Node has no node:sqlite',
    list: (limit) => [...notes.values()].slice(0, limit),
    get: (id) => notes.get(id),
    add: (text) => {
      last += 1
      notes.set(last, { id: last, text })
      return notes.get(last)
    },
    change: (id, text) => {
      if (!notes.has(id)) return undefined
      notes.set(id, { id, text })
      return notes.get(id)
    },
    remove: (id) => notes.delete(id),
    close: () => {},
  }
}
