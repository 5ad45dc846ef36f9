// Checkpoints: a whole training as one safetensors file, whose metadata holds what is no tensor.

import { formatShape, readTensors, RnnError, sameShape, type Tensor } from '@rnn/core'
import { readSafetensors, writeSafetensors, type HostArray } from '@rnn/layers'
import type { SavedCallback } from '../callbacks/callback.ts'
import { History } from '../history/history.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { SetSize, TrainingState } from '../trainer/training-state.ts'
import type { TruncationOptions } from '../trainer/windows.ts'
import { differences, fingerprintOf } from './fingerprint.ts'

/** Written into files; readers refuse a greater one. */
const VERSION = 1

/** The key of the metadata under which all of it lies. */
const METADATA = 'rnn.checkpoint'

/** What a checkpoint holds beside tensors. */
interface Head {
  readonly version: number
  readonly step: number
  /** Missing in checkpoints that were taken before there was one: 1. */
  readonly learningRateScale?: number
  readonly epoch: number
  readonly batch: number
  /** Batches whose gradients wait for their update, and how often averages were taken. Missing in checkpoints that were taken before there were any: 0. */
  readonly accumulated?: number
  readonly averagesTaken?: number
  readonly part: number
  /** Missing in checkpoints that were taken before there were windows: 0. */
  readonly window?: number
  readonly truncate?: TruncationOptions | null
  readonly seconds: number
  readonly key: readonly [number, number]
  /** Of the current epoch's mean loss. */
  readonly sums: { readonly total: number; readonly weight: number }
  readonly setSize: SetSize | null
  readonly history: JsonObject
  readonly callbacks: Readonly<Record<string, JsonObject>>
  readonly fingerprint: JsonObject
}

/** The training as of this call: everything is captured before the first wait. */
export async function takeCheckpoint<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
): Promise<Uint8Array<ArrayBuffer>> {
  state.assertTogether('checkpoint')
  const tensors: [string, Tensor][] = [
    ...weightsOf(state),
    ...Object.entries(state.optimizer.tensors()).map(([name, each]): [string, Tensor] => [`optimizer/${name}`, each]),
    ...Object.entries(state.accumulation.tensors()).map(([name, each]): [string, Tensor] => [
      `accumulation/${name}`,
      each,
    ]),
    ...Object.entries(state.stream.tensors()).map(([name, each]): [string, Tensor] => [`stream/${name}`, each]),
  ]
  const shapes = tensors.map(([, { shape }]) => shape)
  const reading = readTensors(tensors.map(([, each]) => each))
  const counting = state.totals.read()
  const summing = state.readings.capture()
  const callbacks = state.callbacks.flatMap(({ name, run }) => {
    const saved = run.save?.()
    return saved === undefined ? [] : [[name, saved] as const]
  })
  const head: Omit<Head, 'sums'> = {
    version: VERSION,
    step: state.optimizer.step,
    learningRateScale: state.optimizer.learningRateScale,
    epoch: state.epoch,
    batch: state.batch,
    accumulated: state.accumulation.count,
    averagesTaken: state.averages?.taken ?? 0,
    part: state.part,
    window: state.window,
    truncate: state.truncate ?? null,
    seconds: state.seconds,
    key: state.key.words,
    setSize: state.setSize ?? null,
    history: state.history.toJSON(),
    callbacks: Object.fromEntries(callbacks.map(([name, saved]) => [name, saved.state])),
    fingerprint: fingerprintOf(state),
  }

  const [arrays, counts, sums] = await Promise.all([reading, counting, summing])
  if (state.options.notFinite !== 'continue') {
    const spoilt = tensors.find(([name], i) => name.startsWith('model/') && !arrays[i]?.every(Number.isFinite))
    if (spoilt !== undefined) throw spoiltWeights(spoilt[0].slice('model/'.length))
  }
  const entries: [string, HostArray][] = [
    ...tensors.map(([name], i): [string, HostArray] => [
      name,
      { data: arrays[i] ?? new Float32Array(0), shape: shapes[i] ?? [] },
    ]),
    ...Object.entries(counts).map(([name, each]): [string, HostArray] => [`metric/${name}`, each]),
    ...callbacks.flatMap(([name, saved]) =>
      Object.entries(saved.tensors ?? {}).map(([key, each]): [string, HostArray] => [`callback/${name}/${key}`, each]),
    ),
  ]
  return writeSafetensors(entries, { format: 'rnn', [METADATA]: JSON.stringify({ ...head, sums }) })
}

function spoiltWeights(path: string): RnnError {
  return new RnnError({
    code: 'E_NOT_FINITE',
    operation: 'checkpoint',
    problem: `${path} holds values that are NaN or infinite, from which no training goes on`,
    fix: "go back to an earlier checkpoint and lower the learning rate, or clip the gradients; notFinite: 'continue' saves it all the same",
  })
}

/** The weights of the training and their averages, whichever of them the model holds. */
function weightsOf<Input, Output, Targets>({
  model,
  averages,
}: TrainingState<Input, Output, Targets>): [string, Tensor][] {
  const kept = averages?.tensors() ?? {}
  return model.variables().flatMap(({ path, variable: { value } }): [string, Tensor][] => {
    const other = kept[path]
    if (other === undefined) return [[`model/${path}`, value]]
    const [own, average] = averages?.exchanged === true ? [other, value] : [value, other]
    return [
      [`model/${path}`, own],
      [`average/${path}`, average],
    ]
  })
}

/** Puts a training where a checkpoint was taken; changes nothing unless everything fits. */
export function readCheckpoint<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  bytes: Uint8Array,
): void {
  const backend = state.assertTogether('restore')
  const { tensors, metadata } = readSafetensors(bytes)
  const head = readHead(metadata[METADATA])
  const unlike = differences(fingerprintOf(state), head.fingerprint)
  if (unlike.length > 0) throw otherTraining(unlike)

  const variables = state.model.variables().map(({ path, variable }) => {
    const found = tensors.get(`model/${path}`)
    if (found?.data instanceof Float32Array && sameShape(found.shape, variable.spec.shape))
      return { variable, data: found.data }
    throw otherTraining([
      `${path} is ${formatShape(variable.spec.shape)} here, ${found === undefined ? 'missing' : formatShape(found.shape)} in the checkpoint`,
    ])
  })
  const within = (folder: string): Record<string, HostArray> => {
    const found = [...tensors].filter(([name]) => name.startsWith(folder))
    return Object.fromEntries(found.map(([name, each]) => [name.slice(folder.length), each]))
  }

  for (const { variable, data } of variables) variable.assign(data)
  state.optimizer.restore(head.step, within('optimizer/'), head.learningRateScale)
  state.stream.restore(backend, within('stream/'))
  state.accumulation.restore(backend, head.accumulated ?? 0, within('accumulation/'))
  state.averages?.restore(backend, head.averagesTaken ?? 0, within('average/'))
  state.totals.restore(backend, within('metric/'))
  state.readings.reset(head.sums)
  state.key = { words: head.key }
  state.epoch = head.epoch
  state.batch = head.batch
  state.part = head.part
  state.window = head.window ?? 0
  state.truncate = head.truncate ?? undefined
  state.seconds = head.seconds
  state.setSize = head.setSize ?? undefined
  state.history = History.fromJSON(head.history)
  for (const { name, run } of state.callbacks) {
    const saved = head.callbacks[name]
    if (saved === undefined) continue
    const found = within(`callback/${name}/`)
    const restored: SavedCallback =
      Object.keys(found).length === 0 ? { state: saved } : { state: saved, tensors: found }
    run.restore?.(restored)
  }
}

function readHead(text: string | undefined): Head {
  if (text === undefined)
    throw noCheckpoint('the file holds tensors, but no training', 'weights alone are read with loadWeights')
  let head: JsonValue
  try {
    head = JSON.parse(text) as JsonValue
  } catch (cause) {
    throw noCheckpoint('its description is no JSON', 'take the checkpoint again', cause)
  }
  const { version } = head as JsonObject
  if (typeof version !== 'number' || version > VERSION) {
    throw noCheckpoint(`it has version ${String(version)}, this @rnn reads up to ${VERSION}`, 'update @rnn/train')
  }
  return head as unknown as Head // as `takeCheckpoint` wrote it
}

function noCheckpoint(problem: string, fix: string, cause?: unknown): RnnError {
  return new RnnError({ code: 'E_FORMAT', operation: 'restore', problem, fix, cause })
}

/** At most four differences, so that the message stays one line. */
function otherTraining(unlike: readonly string[]): RnnError {
  const rest = unlike.length > 4 ? `, and ${unlike.length - 4} more` : ''
  return new RnnError({
    code: 'E_CHECKPOINT',
    operation: 'restore',
    problem: `the checkpoint is of another training: ${unlike.slice(0, 4).join(', ')}${rest}`,
    fix: 'make model, optimizer and loss as they were when it was taken',
  })
}
