/** The progress of a training on standard error: a bar on a terminal, one line an epoch elsewhere. */

import { SingleBar } from 'cli-progress'
import { duration, percent } from './style.ts'

/** Where a training stands. */
export interface ProgressState {
  /** From 1. */
  readonly epoch: number
  readonly epochs: number
  /** Of the whole training, batches done and in all. */
  readonly done: number
  readonly total: number
  readonly loss: number | undefined
  readonly samplesPerSecond: number
  readonly secondsLeft: number
}

/** What one epoch came to. */
export interface EpochResult {
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
  readonly validationAccuracy?: number | undefined
  readonly seconds: number
}

/** Shows a training while it goes on. */
export interface ProgressView {
  batch(state: ProgressState): void
  epoch(result: EpochResult): void
  /** Takes the bar away; called in any case. */
  stop(): void
}

/** A bar if standard error is a terminal, lines otherwise; nothing if `quiet`. */
export function progressView(title: string, { quiet = false }: { readonly quiet?: boolean } = {}): ProgressView {
  if (quiet) return { batch: () => {}, epoch: () => {}, stop: () => {} }
  return process.stderr.isTTY ? bar(title) : lines(title)
}

function bar(title: string): ProgressView {
  const single = new SingleBar({
    format: `${title} {bar} epoch {epoch} · loss {loss} · {rate} texts/s · {left} left`,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: null,
    gracefulExit: false, // the training saves first
  })
  let started = false
  return {
    batch({ epoch, epochs, done, total, loss, samplesPerSecond, secondsLeft }) {
      const payload = {
        epoch: `${epoch}/${epochs}`,
        loss: loss?.toFixed(3) ?? '–',
        rate: samplesPerSecond.toFixed(0),
        left: duration(secondsLeft),
      }
      if (started) single.update(done, payload)
      else single.start(total, done, payload)
      started = true
    },
    epoch: () => {},
    stop: () => single.stop(),
  }
}

function lines(title: string): ProgressView {
  return {
    batch: () => {},
    epoch({ epoch, epochs, loss, validationAccuracy, seconds }) {
      const validation = validationAccuracy === undefined ? '' : `, validation accuracy ${percent(validationAccuracy)}`
      process.stderr.write(
        `${title}: epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}${validation}, ${duration(seconds)}\n`,
      )
    },
    stop: () => {},
  }
}
