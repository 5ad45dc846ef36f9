// Watches the gradients of a training, and warns when those of a parameter vanish, explode or turn NaN.

import { readTensors, RnnError, scope } from '@rnn/core'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import { normsOnDevice } from './gradient-norms.ts'

/** What is wrong with gradients. */
export type GradientTrouble = 'vanishing' | 'exploding' | 'notANumber'

/** Where a step is; all counted from 1. */
export interface StepPlace {
  readonly epoch: number
  /** Of the epoch. */
  readonly batch: number
  /** Updates since training began, with that of this step. */
  readonly step: number
}

/** The norms of one step's gradients, before clipping. */
export interface GradientReport extends StepPlace {
  /** By the path of the parameter. */
  readonly norms: Readonly<Record<string, number>>
  /** Of all gradients together. */
  readonly total: number
}

/** A warning. It comes once for each parameter in a call of `fit`: gradients may waver about a limit. What goes on is in the reports. */
export interface GradientWarning extends GradientReport {
  readonly trouble: GradientTrouble
  /** The parameters that it has come to. */
  readonly paths: readonly string[]
  /** `epoch 3, batch 7, step 120: the gradient of 1.recurrent explodes (norm 4.2e+5)`. */
  readonly message: string
}

/** Options of `watchGradients`. */
export interface GradientWatchOptions {
  /** Called with each warning; training waits for a promise. */
  readonly onWarning: (warning: GradientWarning) => void | Promise<void>
  /** Called with each report, whatever it says. */
  readonly onReport?: ((report: GradientReport) => void | Promise<void>) | undefined
  /** Steps from one look to the next. A look costs a small op for each parameter and a read. Default: 20. */
  readonly every?: number
  /** A gradient vanishes when its norm is below this share of the norm of all. Default: 1e-6. */
  readonly vanishing?: number
  /** A gradient explodes when its norm is above this. Default: 1000. */
  readonly exploding?: number
}

interface Look {
  readonly place: StepPlace
  readonly paths: readonly string[]
  readonly values: Promise<readonly ArrayLike<number>[]>
  /** Whether memory is at hand. */
  readonly near: boolean
}

const SAYS: Readonly<Record<GradientTrouble, readonly [one: string, several: string]>> = {
  vanishing: ['vanishes', 'vanish'],
  exploding: ['explodes', 'explode'],
  notANumber: ['is not a number', 'are not numbers'],
}

/** The watch of one call of `fit`. */
export class GradientWatch {
  readonly #options: Required<Pick<GradientWatchOptions, 'every' | 'vanishing' | 'exploding'>> & GradientWatchOptions
  readonly #told = new Set<string>()
  #looks: Look[] = []

  /** @throws E_VALUE */
  constructor(options: GradientWatchOptions) {
    const { every = 20, vanishing = 1e-6, exploding = 1000 } = options
    if (!(Number.isInteger(every) && every >= 1)) throw invalid(`every ${every}`, 'use a whole number from 1 on')
    if (!(vanishing >= 0 && vanishing < 1)) throw invalid(`vanishing ${vanishing}`, 'use a share of 0 … below 1')
    if (!(exploding > 0)) throw invalid(`exploding ${exploding}`, 'use a norm above 0')
    this.#options = { ...options, every, vanishing, exploding }
  }

  /** Whether a step is to be looked at: the first one, and then each `every`-th. */
  due({ step }: StepPlace): boolean {
    return (step - 1) % this.#options.every === 0
  }

  /** Starts to read the norms of a step's gradients, which may be freed afterwards. */
  look(gradients: NamedTensors, place: StepPlace): void {
    const paths = Object.keys(gradients)
    const [first] = Object.values(gradients)
    if (first === undefined) return
    const { values, near } = scope(first.backend, () => {
      const norms = normsOnDevice(gradients)
      return { values: readTensors([norms]), near: norms.backend.readSync !== undefined }
    })
    values.catch(() => {}) // whoever awaits it sees the error; until then it must not count as unhandled
    this.#looks.push({ place, paths, values, near })
  }

  /** Tells what earlier looks say; the last one as well where memory is at hand. */
  async advance(): Promise<void> {
    while (this.#looks.length > 1 || this.#looks[0]?.near) await this.#tellNext()
  }

  /** Tells what all looks say. */
  async settle(): Promise<void> {
    while (this.#looks.length > 0) await this.#tellNext()
  }

  /** Forgets what is being read: its device is gone. */
  reset(): void {
    this.#looks = []
  }

  async #tellNext(): Promise<void> {
    const look = this.#looks.shift()
    if (look === undefined) return
    const [norms = []] = await look.values
    await this.#tell(look, norms)
  }

  async #tell({ place, paths }: Look, values: ArrayLike<number>): Promise<void> {
    const norms = Object.fromEntries(paths.map((path, i) => [path, values[i] ?? Number.NaN]))
    const report: GradientReport = { ...place, norms, total: Math.hypot(...Object.values(norms)) }
    await this.#options.onReport?.(report)
    const found: Record<GradientTrouble, string[]> = { notANumber: [], exploding: [], vanishing: [] }
    for (const path of paths) {
      const trouble = this.#troubleOf(norms[path] ?? Number.NaN, report.total)
      if (trouble === undefined || this.#told.has(`${trouble} ${path}`)) continue
      this.#told.add(`${trouble} ${path}`)
      found[trouble].push(path)
    }
    for (const [name, troubled] of Object.entries(found)) {
      const trouble = name as GradientTrouble // the keys of `found`
      if (troubled.length === 0) continue
      await this.#options.onWarning({
        ...report,
        trouble,
        paths: troubled,
        message: messageOf(report, trouble, troubled),
      })
    }
  }

  #troubleOf(norm: number, total: number): GradientTrouble | undefined {
    const { vanishing, exploding } = this.#options
    if (Number.isNaN(norm)) return 'notANumber'
    if (norm > exploding) return 'exploding'
    if (norm === 0 || norm < vanishing * total) return 'vanishing'
    return undefined
  }
}

function messageOf({ epoch, batch, step, norms }: GradientReport, trouble: GradientTrouble, paths: string[]): string {
  const more = paths.length > 4 ? ` and ${paths.length - 4} more` : ''
  const named = paths
    .slice(0, 4)
    .map((path) => (trouble === 'notANumber' ? path : `${path} (norm ${(norms[path] ?? Number.NaN).toPrecision(2)})`))
  const [one, several] = SAYS[trouble]
  const subject = paths.length === 1 ? 'the gradient of' : 'the gradients of'
  return `epoch ${epoch}, batch ${batch}, step ${step}: ${subject} ${named.join(', ')}${more} ${paths.length === 1 ? one : several}`
}

function invalid(problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_VALUE', operation: 'watchGradients', problem, fix })
}
