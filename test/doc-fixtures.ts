/** The names that examples in the documentation may use without declaring them, and the packages that they may import. */
import * as autodiff from '@rnn/autodiff'
import * as backendCpu from '@rnn/backend-cpu'
import * as backendWasm from '@rnn/backend-wasm'
import * as backendWorker from '@rnn/backend-worker'
import * as core from '@rnn/core'
import type { Backend } from '@rnn/core'
import * as data from '@rnn/data'
import * as layers from '@rnn/layers'
import * as train from '@rnn/train'
import { tensorBoard, type TensorBoardOptions } from '@rnn/train/tensorboard'

const modules: Readonly<Record<string, object>> = {
  '@rnn/core': core,
  '@rnn/autodiff': autodiff,
  '@rnn/backend-cpu': backendCpu,
  '@rnn/backend-wasm': backendWasm,
  '@rnn/backend-worker': backendWorker,
  '@rnn/layers': layers,
  '@rnn/train': train,
  '@rnn/data': data,
}

export const packageNames: readonly string[] = Object.keys(modules)

/** Further entries of packages. */
const entries: Readonly<Record<string, object>> = {
  '@rnn/train/tensorboard': {
    tensorBoard: (options: TensorBoardOptions) => tensorBoard({ sink: { append: async () => {} }, ...options }), // writes no files
  },
}

/** The exports of a package by name. */
export function exportsOf(packageName: string): object {
  const found = modules[packageName] ?? entries[packageName]
  if (found === undefined) throw new Error(`an example imports ${packageName}; add it to doc-fixtures.ts`)
  return found
}

type Names = Readonly<Record<string, unknown>>

/** Fresh values for one example of a file, on a backend of its own. */
export async function fixtures(file: string): Promise<Names> {
  const backend = await backendCpu.cpu()
  if (file.startsWith('packages/train/') || file === 'README.md') return { backend, ...(await forTrain(file, backend)) }
  return { backend, ...forCore(backend) }
}

function forCore(backend: Backend): Names {
  const { arange, gruCell, key, ones, tensor, uniform, zeros } = core
  const [B, T, H] = [2, 3, 128]
  const specs = Object.entries(gruCell.parameters(4, H))
  return {
    B,
    T,
    H,
    step: 0,
    calls: [],
    a: ones([2, 3], { backend }),
    b: ones([3, 2], { backend }),
    w: ones([4, 2], { backend }),
    x: uniform(key(1), [B, T, 4], { backend }),
    y: zeros([B, T, 2], { backend }),
    h: zeros([B, T, H], { backend }),
    hidden: zeros([B, H], { backend }),
    projected: zeros([B, 3 * H], { backend }),
    parameters: Object.fromEntries(specs.map(([name, { shape }]) => [name, zeros(shape, { backend })])),
    lengths: tensor(Int32Array.of(3, 2), { backend }),
    positions: arange(B, { backend, dtype: 'int32' }),
    scores: zeros([B], { backend }),
    lossTensor: zeros([], { backend }),
    accuracyTensor: zeros([], { backend }),
  }
}

const ids = { data: Int32Array.of(1, 2, 3, 4, 5, 0), shape: [2, 3] }
const lengths = { data: Int32Array.of(3, 2), shape: [2] }
const batch = { inputs: ids, lengths, targets: { data: Int32Array.of(0, 5), shape: [2] }, size: 2 }

async function classifier(backend: Backend): Promise<layers.Module> {
  const { dense, embedding, lstm, sequential } = layers
  const model = sequential(
    embedding({ vocabularySize: 10, units: 4 }),
    lstm({ units: 3, returns: 'last' }),
    dense({ units: 6 }),
  )
  return model.init(backend, { seed: 1 })
}

/** Losses and metrics over numbers want targets in the shape of the outputs. */
const OVER_NUMBERS =
  /(binary-accuracy|binary-cross-entropy|mean-squared-error|mean-absolute-error|huber|poisson|hinge|kl-divergence|cosine-distance|loss-metric|r-squared)\.ts$/

/** Frames of sounds, and letters in them. */
async function forCtc(backend: Backend): Promise<Names> {
  const { bidirectional, dense, lstm, sequential } = layers
  const inputs = { data: new Float32Array(2 * 6 * 40), shape: [2, 6, 40] }
  const lengths = { data: Int32Array.of(6, 5), shape: [2] }
  const targets = { data: Int32Array.of(1, 2, 3, -1), shape: [2, 2] }
  const set = data.arrayDataset({ inputs, lengths, targets, batchSize: 1, seed: 1 })
  const model = sequential(bidirectional(lstm({ units: 4, inputSize: 40 })), dense({ units: 4 }))
  await model.init(backend, { seed: 1 })
  return { inputs, lengths, letters: ['a', 'b', 'c'], model, trainSet: set, testSet: set }
}

async function forTrain(file: string, backend: Backend): Promise<Names> {
  if (file.startsWith('packages/train/src/ctc/')) return forCtc(backend)
  const set = (targets: data.HostArray): object =>
    data.arrayDataset({ inputs: ids, lengths, targets, batchSize: 1, seed: 1 })
  const sets = set(OVER_NUMBERS.test(file) ? { data: new Float32Array(12), shape: [2, 6] } : batch.targets)
  const binary = /(confusion-matrix|auc)\.ts$/.test(file)
  const testSet = binary ? set({ data: Int32Array.of(0, 1), shape: [2] }) : sets
  const model = binary ? await twoClasses(backend) : await classifier(backend)
  const options = { loss: train.crossEntropy(), optimizer: train.adam({ learningRate: 1e-3 }) }
  const parameters = { kernel: core.ones([2, 2], { backend }) }
  return {
    ...options,
    options: { ...options, epochs: 1 },
    model,
    batch,
    trainSet: sets,
    validSet: sets,
    validation: sets,
    testSet,
    trainer: new train.Trainer(model, { ...options, averaging: train.ema() }),
    parameters,
    gradients: { kernel: core.ones([2, 2], { backend }) },
  }
}

async function twoClasses(backend: Backend): Promise<layers.Module> {
  const { dense, embedding, maxOverTime, sequential } = layers
  const model = sequential(embedding({ vocabularySize: 10, units: 4 }), maxOverTime(), dense({ units: 2 }))
  return model.init(backend, { seed: 1 })
}
