/** A saved model: a folder whose files are written together, and checked against one another when they are read. */

import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, problemOf } from './errors.ts'
import { ensureWritable, listFolder, readBytes, readText, writeTogether, type FileContents } from './files.ts'
import { checkUnlocked, lockFolder } from './folder-lock.ts'

/** What tells the folders of one program from those of others. */
export interface FolderKind {
  /** Says what the folder is, with a digest of every file that using the model needs: `classifier.json`. */
  readonly manifest: string
  /** In the manifest: `rnn-text-classifier`. */
  readonly format: string
  /** In the plan of an unfinished training: `rnn-text-training`. */
  readonly trainingFormat: string
  /** What the model is, for messages: `a text classifier`. */
  readonly what: string
  /** Command lines of the program. */
  commandLine(...args: readonly string[]): string
}

/** What training may do with a folder. */
export interface FolderUse {
  readonly resume: boolean
  /** Forget an unfinished training that lies there. */
  readonly restart: boolean
}

/** Files of a saved model that are as they were saved. */
export interface SavedFiles {
  /** The manifest. */
  readonly manifest: Readonly<Record<string, unknown>>
  /** A file by its name. @throws E_MODEL_FOLDER where it's missing or is not as it was saved */
  bytes(name: string): Promise<Uint8Array>
  text(name: string): Promise<string>
  json(name: string): Promise<Record<string, unknown>>
}

/** The files of an unfinished training, which `--resume` goes on with. */
const trainingFiles = { state: 'training.json', checkpoint: 'checkpoint.safetensors' } as const

/** What to do about a model that can't be read. */
export const mend = 'restore it or train again'

const again = 'begin again with --restart'

/** The folders of one program's models. */
export class ModelFolders {
  readonly #kind: FolderKind

  constructor(kind: FolderKind) {
    this.#kind = kind
  }

  /** The command that trains into a folder. */
  trainInto(folder: string, ...options: readonly string[]): string {
    return this.#kind.commandLine('train', ...options, '--out', folder)
  }

  /**
   * Writes a model. What was in the folder before stays until all of it is written.
   *
   * @param needed files that using the model needs: their digests go into the manifest
   * @param remarks files that tell how it came about
   * @throws E_FILE
   */
  async save(folder: string, needed: FileContents, remarks: FileContents, manifest: object): Promise<void> {
    const sha256 = Object.fromEntries(Object.entries(needed).map(([name, content]) => [name, digest(content)]))
    await writeTogether(folder, {
      ...needed,
      ...remarks,
      [this.#kind.manifest]: json({ format: this.#kind.format, version: 1, ...manifest, sha256 }),
    })
  }

  /** Opens a saved model. @throws E_MODEL_FOLDER for a folder without one */
  async open(folder: string): Promise<SavedFiles> {
    const manifest = await this.#readManifest(folder)
    const sha256 = manifest['sha256'] as Readonly<Record<string, string>> // checked with the manifest
    const bytes = async (name: string): Promise<Uint8Array> => {
      const content = await readBytes(join(folder, name), 'the folder is not a whole model: train it again')
      if (digest(content) === sha256[name]) return content
      throw new AppError('E_MODEL_FOLDER', `${join(folder, name)} is not as it was saved: cut short or changed`, mend)
    }
    const text = async (name: string): Promise<string> => new TextDecoder().decode(await bytes(name))
    return { manifest, bytes, text, json: async (name) => parseJson(await text(name), join(folder, name)) }
  }

  /**
   * Makes the folder if need be and sees that a model can be saved there, before any time is spent on training it. No other training may
   * write there until the function that it gives is called.
   *
   * @throws E_FOLDER if it can't be written, is in use or holds something else, E_RESUME if it holds an unfinished training that nobody asked to resume or restart
   */
  async prepare(folder: string, { resume, restart }: FolderUse): Promise<() => void> {
    const names = (await listFolder(folder)) ?? []
    await checkUnlocked(folder)
    const unfinished = isUnfinished(names)
    if (names.length > 0 && !unfinished && !names.includes(this.#kind.manifest)) {
      const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '')
      throw new AppError(
        'E_FOLDER',
        `${folder} holds something else (${shown})`,
        'give a new or an empty folder with --out',
      )
    }
    if (unfinished && !resume && !restart) {
      throw new AppError(
        'E_RESUME',
        `${folder} holds an unfinished training`,
        'go on with --resume, or begin again with --restart, which forgets it',
      )
    }
    await ensureWritable(folder)
    return lockFolder(folder)
  }

  /** Writes the checkpoint and the plan of a training together; those before stay until both are written. @throws E_FILE */
  async saveUnfinished(folder: string, plan: object, checkpoint: Uint8Array): Promise<void> {
    await writeTogether(folder, {
      [trainingFiles.checkpoint]: checkpoint,
      [trainingFiles.state]: json({ format: this.#kind.trainingFormat, version: 1, ...plan }),
    })
  }

  /**
   * Reads the plan of an unfinished training.
   *
   * @param check gives the plan from what was read, throws what is wrong with it, or gives undefined for what is none
   * @throws E_RESUME if there is none
   */
  async readPlan<Plan>(
    folder: string,
    check: (plan: Readonly<Record<string, unknown>>, path: string) => Plan | undefined,
  ): Promise<Plan> {
    const names = (await listFolder(folder)) ?? []
    const missing = Object.values(trainingFiles).filter((name) => !names.includes(name))
    if (missing.length === 2) {
      throw new AppError('E_RESUME', `there is no unfinished training in ${folder}`, 'leave out --resume to begin one')
    }
    if (missing.length > 0)
      throw new AppError('E_RESUME', `${folder} lacks ${missing[0]}, without which nothing can be gone on with`, again)
    const path = join(folder, trainingFiles.state)
    const read = parseJson(await readText(path, again), path, again)
    try {
      const known = read['format'] === this.#kind.trainingFormat && read['version'] === 1
      const plan = known ? check(read, path) : undefined
      if (plan !== undefined) return plan
    } catch (error) {
      throw new AppError('E_RESUME', problemOf(error), again, error)
    }
    throw new AppError('E_RESUME', `${path} is not the plan of a training`, again)
  }

  /** Whether there is an unfinished training of this program to go on with. */
  async canResume(folder: string): Promise<boolean> {
    return this.readPlan(folder, (plan) => plan).then(
      () => true,
      () => false,
    )
  }

  /** Reads the checkpoint of an unfinished training. @throws E_FILE */
  async readCheckpoint(folder: string): Promise<Uint8Array> {
    return readBytes(join(folder, trainingFiles.checkpoint))
  }

  /** Removes plan and checkpoint, once the model is saved or when they are to be forgotten. */
  async removeUnfinished(folder: string): Promise<void> {
    for (const name of Object.values(trainingFiles)) await rm(join(folder, name), { force: true })
  }

  async #readManifest(folder: string): Promise<Readonly<Record<string, unknown>>> {
    const { manifest: name, format, what } = this.#kind
    const names = await listFolder(folder)
    if (names === undefined) {
      throw new AppError(
        'E_MODEL_FOLDER',
        `there is no folder ${folder}`,
        `make a model with: ${this.trainInto(folder)}`,
      )
    }
    if (!names.includes(name)) {
      const unfinished = isUnfinished(names)
      throw new AppError(
        'E_MODEL_FOLDER',
        unfinished ? `the training in ${folder} is not finished` : `${folder} holds no model of this program`,
        unfinished ? `go on with: ${this.trainInto(folder, '--resume')}` : `make one with: ${this.trainInto(folder)}`,
      )
    }
    const path = join(folder, name)
    const manifest = parseJson(await readText(path, mend), path)
    const sha256 = manifest['sha256']
    if (manifest['format'] !== format || typeof sha256 !== 'object' || sha256 === null) {
      throw new AppError('E_MODEL_FOLDER', `${path} is not the description of ${what}`, mend)
    }
    if (manifest['version'] !== 1) {
      throw new AppError(
        'E_MODEL_FOLDER',
        `${path} has version ${String(manifest['version'])}, this program reads version 1`,
        'train again, or use the release that made it',
      )
    }
    return manifest
  }
}

/** Whether these are the files of a folder with an unfinished training, or with what is left of one. */
function isUnfinished(names: readonly string[]): boolean {
  return Object.values(trainingFiles).some((name) => names.includes(name))
}

/** A JSON object from a file's text. @throws E_MODEL_FOLDER that names the file and says the fix */
function parseJson(text: string, path: string, fix: string = mend): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below, with the name of the file.
  }
  throw new AppError('E_MODEL_FOLDER', `${path} is no JSON object: cut short or changed`, fix)
}

/** JSON as it is written into files. */
export function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
