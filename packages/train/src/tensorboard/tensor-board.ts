// TensorBoard: the curves of a training as event files.

import { RnnError } from '@rnn/core'
import type { Callback, CallbackRun } from '../callbacks/callback.ts'
import type { HistoryRow } from '../history/history.ts'
import { EventFile } from './event-file.ts'
import { fileSink, type EventSink } from './event-sink.ts'

/** Options of {@link tensorBoard}. */
export interface TensorBoardOptions {
  /** The folder of this training: `runs/lstm-1`. TensorBoard, started with `--logdir runs`, shows those beside it too. */
  readonly directory: string
  /** Batches from one point of the curves by batch to the next; 0 for none. Default: 10. */
  readonly every?: number
  /** Takes the bytes where there are no files, in a page for instance. Default: files. */
  readonly sink?: EventSink
}

/**
 * Writes TensorBoard's event files: in `train` and `validation` loss and metrics by epoch, under the same names, so that they share a chart; in `batches` the loss (the last one read), the
 * learning rate and the samples per second by batch. A training that goes on from a checkpoint takes the place of the curves from there on.
 *
 * ```ts
 * import { tensorBoard } from '@rnn/train/tensorboard'
 *
 * await fit(model, trainSet, { loss, optimizer, epochs: 10, validation, callbacks: [tensorBoard({ directory: 'runs/gru' })] })
 * ```
 *
 * What the file system refuses ends the training.
 *
 * @throws E_VALUE
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  const { directory, every = 10, sink = fileSink() } = options
  if (!(Number.isInteger(every) && every >= 0 && directory !== '')) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'tensorBoard',
      problem: directory === '' ? 'no directory' : `every ${every}`,
      fix: directory === '' ? "name one, 'runs/first' for instance" : 'use a whole number of batches, 0 for none',
    })
  }
  return { name: 'tensorBoard', begin: () => watch(directory, every, sink) }
}

function watch(directory: string, every: number, sink: EventSink): CallbackRun {
  const file = (name: string): EventFile => new EventFile(sink, `${directory}/${name}`)
  const [train, validation, batches] = [file('train'), file('validation'), file('batches')]
  let last: number | undefined
  return {
    async onBatch({ epoch, batch, batches: inEpoch, loss, learningRate, samplesPerSecond }) {
      const number = (epoch - 1) * inEpoch + batch
      if (every === 0 || number % every !== 0 || number === last) return // windows of one batch share its number
      last = number
      await batches.scalars(number, {
        ...(loss !== undefined && { 'batch/loss': loss }),
        'batch/learningRate': learningRate,
        'batch/samplesPerSecond': samplesPerSecond,
      })
    },
    async onEpoch({ epoch, row }) {
      const { trained, validated } = columnsOf(row)
      await train.scalars(epoch, trained)
      await validation.scalars(epoch, validated)
    },
    save: () => ({ state: {} }),
    restore() {
      for (const each of [train, validation, batches]) each.restart()
      last = undefined
    },
  }
}

/** The columns of an epoch by curve; those of the validation lose their prefix. */
function columnsOf(row: HistoryRow): {
  readonly trained: Record<string, number>
  readonly validated: Record<string, number>
} {
  const [trained, validated]: [Record<string, number>, Record<string, number>] = [{}, {}]
  for (const [name, value] of Object.entries(row)) {
    const found = /^validation([A-Z])(.*)$/.exec(name)
    if (found) validated[`epoch/${found[1]?.toLowerCase()}${found[2]}`] = value
    else if (name !== 'epoch') trained[`epoch/${name}`] = value
  }
  return { trained, validated }
}
