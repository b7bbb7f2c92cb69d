import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MEBIBYTE = 1024 * 1024

/** A folder on a small tmpfs of its own, which can be filled to the last byte. */
export interface SmallDisk {
  /** Leaves so many bytes free. */
  fill(leave: number): void
  empty(): void
  /** Puts the folder back where it was, with what it holds now. */
  remove(): void
}

/**
 * Moves a folder onto a tmpfs with so many bytes to spare. Nobody may have it open.
 * @throws Error that says what is missing where the system lets nobody mount
 */
export function mountSmallDisk(folder: string, spare: number): SmallDisk {
  const kept = `${folder}.kept`
  renameSync(folder, kept)
  mkdirSync(folder, { mode: 0o700 })
  const size = Math.ceil((usedBytes(kept) + spare) / MEBIBYTE)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (cause) {
    rmSync(folder, { recursive: true })
    renameSync(kept, folder)
    throw new Error(
      'A full disk needs a tmpfs, and this user may not mount one: run as root, or leave the fault out with --without=disk',
      { cause },
    )
  }
  // Lazily: a run that is broken off ends its processes a moment later.
  const unmount = (): void => {
    execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' })
  }
  process.once('exit', unmount)
  cpSync(kept, folder, { recursive: true, preserveTimestamps: true })
  const ballast = join(folder, 'ballast')
  return {
    fill(leave) {
      rmSync(ballast, { force: true })
      const { bavail, bsize } = statfsSync(folder)
      const bytes = bavail * bsize - leave
      if (bytes <= 0) return
      try {
        writeFileSync(ballast, Buffer.alloc(bytes))
      } catch (error) {
        // Somebody else took the last blocks meanwhile: the disk is as full as was asked.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    remove() {
      rmSync(ballast, { force: true })
      rmSync(kept, { recursive: true, force: true })
      cpSync(folder, kept, { recursive: true, preserveTimestamps: true })
      process.off('exit', unmount)
      unmount()
      rmSync(folder, { recursive: true, force: true })
      renameSync(kept, folder)
    },
  }
}

function usedBytes(folder: string): number {
  const said = execFileSync('du', ['-s', '-B1', folder], { encoding: 'utf8' })
  return Math.max(Number(said.split('\t')[0]), statSync(folder).size)
}
