// A lock between processes: a folder that holds one file, named by its owner's pid. The folder is made aside with the
// file in it and renamed into place, which fails when a folder with something in it is there already: at no moment is
// there a lock without an owner, and of two that clear away a dead owner's file only one can rename.

import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function withLock(folder, work) {
  acquire(folder)
  try {
    work()
  } finally {
    rmSync(join(folder, String(process.pid)), { force: true })
    removeIfEmpty(folder)
  }
}

function acquire(folder) {
  const mine = `${folder}-${process.pid}`
  mkdirSync(mine, { recursive: true })
  writeFileSync(join(mine, String(process.pid)), '')
  for (let told = false; !renamed(mine, folder); ) {
    const owner = ownerOf(folder)
    if (owner === undefined) continue
    if (!isAlive(owner)) {
      rmSync(join(folder, String(owner)), { force: true })
      continue
    }
    if (!told) console.log(`Waiting for process ${owner}, which prepares this checkout …`)
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

function renamed(from, to) {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
    throw error
  }
}

function ownerOf(folder) {
  try {
    const [name] = readdirSync(folder)
    return name === undefined ? undefined : Number(name)
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function removeIfEmpty(folder) {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error
  }
}
