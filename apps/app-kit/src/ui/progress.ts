/** The progress of a training on standard error: one line an epoch, and a bar below them on a terminal. */

import { SingleBar } from 'cli-progress'
import { duration } from './style.ts'

/** Where a training stands. */
export interface ProgressState {
  /** From 1. */
  readonly epoch: number
  readonly epochs: number
  /** Of the whole training, batches done and in all. */
  readonly done: number
  readonly total: number
  readonly loss: number | undefined
  /** Of what `unit` names. */
  readonly perSecond: number
  readonly secondsLeft: number
}

/** What one epoch came to. */
export interface EpochResult {
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
  /** What validation came to: `validation accuracy 95.4 %`. */
  readonly validation?: string | undefined
  readonly seconds: number
}

/** Shows a training while it goes on. */
export interface ProgressView {
  batch(state: ProgressState): void
  epoch(result: EpochResult): void
  /** Takes the bar away; called in any case. */
  stop(): void
}

/** How progress is shown. */
export interface ProgressOptions {
  readonly quiet?: boolean
  /** What is counted in a second: `texts`. */
  readonly unit: string
}

/** Lines, with a bar if standard error is a terminal; nothing if `quiet`. */
export function progressView({ quiet = false, unit }: ProgressOptions): ProgressView {
  if (quiet) return { batch: () => {}, epoch: () => {}, stop: () => {} }
  return process.stderr.isTTY ? bar(process.stderr.columns, unit) : lines()
}

/** A bar that stays on one line of the terminal, and above it a line for each epoch that is over. */
function bar(columns: number, unit: string): ProgressView {
  // The longest of what stands beside the bar.
  const remarks = ` epoch 100/100 · loss 0.000 · 10000 ${unit}/s · 59 min 59 s left`.length
  const roomy = columns > remarks + 10
  const above = lines()
  const single = new SingleBar({
    format: roomy
      ? `{bar} epoch {epoch} · loss {loss} · {rate} ${unit}/s · {left} left`
      : '{bar} {epoch} · {left} left',
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: roomy ? Math.min(40, columns - remarks - 1) : Math.max(4, columns - 30),
    clearOnComplete: true,
    hideCursor: true,
    linewrap: null,
    gracefulExit: false, // the training saves first
  })
  let started = false
  const stop = (): void => {
    if (started) single.stop()
    started = false
  }
  return {
    batch({ epoch, epochs, done, total, loss, perSecond, secondsLeft }) {
      const payload = {
        epoch: `${epoch}/${epochs}`,
        loss: loss?.toFixed(3) ?? '–',
        rate: perSecond.toFixed(0),
        left: duration(secondsLeft),
      }
      if (started) single.update(done, payload)
      else single.start(total, done, payload)
      started = true
    },
    epoch(result) {
      stop()
      above.epoch(result)
    },
    stop,
  }
}

function lines(): ProgressView {
  return {
    batch: () => {},
    epoch({ epoch, epochs, loss, validation, seconds }) {
      const remark = validation === undefined ? '' : `, ${validation}`
      process.stderr.write(`epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}${remark}, ${duration(seconds)}\n`)
    },
    stop: () => {},
  }
}
