/** What a workload is: tasks to time, the arithmetic they hold, and the bars that the results must clear. */

/** Sizes of a recurrent layer and its input. */
export interface Sizes {
  readonly batch: number
  readonly time: number
  readonly inputSize: number
  readonly units: number
}

/** The equations that every library has. */
export type StandardCell = 'lstm' | 'gru'

/** Whether other libraries have it. */
export function isStandard(cell: CellKind): cell is StandardCell {
  return cell === 'lstm' || cell === 'gru'
}

/** LSTMs and GRUs with options, and relatives of them: no backend fuses them. `projectedLstm` has a hidden state half as wide as its cell. */
export const CELL_VARIANTS = [
  'peepholeLstm',
  'coupledLstm',
  'hardSigmoidLstm',
  'projectedLstm',
  'layerNormLstm',
  'resetBeforeGru',
  'indRnn',
] as const
export type CellVariant = (typeof CELL_VARIANTS)[number]

/** The recurrent equations that the bench knows. `minimalGated` is a cell that no backend has heard of: it runs by the generic scan. `minGru` has no recurrent product. */
export type CellKind = StandardCell | 'minGru' | 'minimalGated' | CellVariant

/**
 * A recurrent layer over a whole sequence, float32. `infer` gives the hidden state at every step; `train` is one training step: that forward pass, the mean squared error against a target of
 * the same shape, the gradients of input and weights, and Adam's update of the weights.
 */
export interface RecurrentTask {
  readonly kind: 'recurrent'
  readonly cell: CellKind
  readonly mode: 'infer' | 'train'
  readonly sizes: Sizes
  /** False where the input is data, as in the first layer of a model, and a training step finds the gradients of the weights alone. Default: true. */
  readonly inputGradient?: boolean
}

/** One time step of a layer at batch 1 with as many inputs as units, its state carried from step to step, its hidden state read to the host each time. */
export interface StepTask {
  readonly kind: 'step'
  readonly cell: StandardCell
  readonly units: number
}

/**
 * A training step of a text classifier on one batch of full rows: embedding, bidirectional LSTM, the largest value of each feature over time, a dense layer, softmax cross-entropy averaged over
 * the batch, all gradients, Adam's update, the loss read.
 */
export interface TextTask {
  readonly kind: 'text'
  readonly batch: number
  readonly time: number
  readonly vocabularySize: number
  readonly embeddingSize: number
  readonly units: number
  readonly classes: number
}

/**
 * A training step of an encoder–decoder on one batch of full rows, `time` words on either side: embeddings, bidirectional GRU encoder, a dense bridge with tanh, additive attention with the
 * decoder's state before the step (Bahdanau et al. 2015), GRU decoder fed with embedding and context, a tanh readout of state, context and embedding, softmax cross-entropy averaged over
 * all words, all gradients, Adam's update, the loss read.
 */
export interface Seq2seqTask {
  readonly kind: 'seq2seq'
  readonly batch: number
  readonly time: number
  /** On either side. */
  readonly vocabularySize: number
  readonly embeddingSize: number
  /** Of the encoder's directions, the attention, the decoder and the readout. */
  readonly units: number
}

/** The product of two square matrices, float32. They and the result stay where the subject computes: a run ends when it has computed, and reads nothing. */
export interface MatmulTask {
  readonly kind: 'matmul'
  readonly size: number
}

/** The sum of two arrays element by element, float32, likewise: as good as nothing but memory. */
export interface AddTask {
  readonly kind: 'add'
  readonly elements: number
}

/** The work of networks. */
export type NetworkTask = RecurrentTask | StepTask | TextTask | Seq2seqTask

/** The work to be timed, as plain data that can cross to a process. A new kind of work is a new member. */
export type Task = NetworkTask | MatmulTask | AddTask

/** One timed piece of a workload. Most workloads have one; the last one is the workload's headline. */
export interface WorkloadCase {
  readonly name: string
  readonly task: Task
  /** Floating-point operations of one run, by the formula of the workload's family. */
  readonly flop: number
  /** Target words of one run, where people count speed in them. */
  readonly tokens?: number
}

/** What a workload's result must show. */
export type Bar =
  /** The headline median of `subject` fits at least `atLeast` times into that of the fastest of `than`. */
  | { readonly kind: 'faster'; readonly subject: string; readonly than: readonly string[]; readonly atLeast: number }
  /** `subject` reaches at least this share of the machine's measured FMA rate. */
  | { readonly kind: 'share'; readonly subject: string; readonly atLeast: number }
  /** Case `to` of `subject` takes at most `atMost` times as long as case `from`. */
  | {
      readonly kind: 'growth'
      readonly subject: string
      readonly from: string
      readonly to: string
      readonly atMost: number
    }

export interface Workload {
  readonly id: string
  readonly title: string
  readonly cases: readonly [WorkloadCase, ...WorkloadCase[]]
  readonly bars: readonly Bar[]
}

/** Workloads that differ only in sizes. */
export interface WorkloadFamily {
  /** The form of the ids, for messages. */
  readonly form: string
  /** The ids that a bench without `--only` runs. */
  readonly defaults: readonly string[]
  /** The workload of this id, of any sizes; undefined for an id of another form. */
  parse(id: string): Workload | undefined
}

/** Reads `BxTxIxH`; undefined unless all four are whole numbers from 1. */
export function parseSizes(text: string): Sizes | undefined {
  if (!/^[1-9]\d*(?:x[1-9]\d*){3}$/.test(text)) return undefined
  const [batch = 0, time = 0, inputSize = 0, units = 0] = text.split('x').map(Number)
  return { batch, time, inputSize, units }
}

const GATES: Readonly<Record<CellKind, number>> = {
  lstm: 4,
  gru: 3,
  minGru: 2,
  minimalGated: 2,
  peepholeLstm: 4,
  coupledLstm: 3,
  hardSigmoidLstm: 4,
  projectedLstm: 4,
  layerNormLstm: 4,
  resetBeforeGru: 3,
  indRnn: 1,
}

/** Blocks of `units` columns in the weights of a cell. */
export function gatesOf(cell: CellKind): number {
  return GATES[cell]
}

/** Width of a cell's output. */
export function outputSizeOf(cell: CellKind, units: number): number {
  return cell === 'projectedLstm' ? Math.ceil(units / 2) : units
}

/** Rows of the recurrent weights. Those of minGRU are none, IndRNN has a row that is no matrix. */
function recurrentRows(cell: CellKind, units: number): number {
  return cell === 'minGru' || cell === 'indRnn' ? 0 : outputSizeOf(cell, units)
}

/** Elements of the matrices that a step multiplies by. */
function weightsOf(cell: CellKind, { inputSize, units }: Pick<Sizes, 'inputSize' | 'units'>): number {
  const projection = cell === 'projectedLstm' ? units * outputSizeOf(cell, units) : 0
  return gatesOf(cell) * units * (inputSize + recurrentRows(cell, units)) + projection
}

/**
 * Floating-point operations of a layer's forward pass: those of its matrix products, 2·G·B·T·H·(I+H) for G gates (minGRU, IndRNN: 2·G·B·T·H·I). What the gates, the loss and the optimiser take is not counted, so no
 * implementation gains by doing more of it.
 */
export function forwardFlop(cell: CellKind, sizes: Sizes): number {
  return 2 * sizes.batch * sizes.time * weightsOf(cell, sizes)
}

/** Floating-point operations of a task: forward passes, and three times that for a training step, less the product that gives the input's gradient where nobody wants it. */
export function flopOf({ cell, mode, sizes, inputGradient = true }: RecurrentTask): number {
  const { batch, time, inputSize, units } = sizes
  if (mode === 'infer') return forwardFlop(cell, sizes)
  return 3 * forwardFlop(cell, sizes) - (inputGradient ? 0 : 2 * gatesOf(cell) * batch * time * units * inputSize)
}

const FLOAT_BYTES = 4

/**
 * Bytes that a task has to move at least, however well it keeps the rest at hand: input, weights and hidden states once, and three times that for a training step, which goes over them forward,
 * backward and for the update; two arrays read and one written for a product or a sum. Undefined for a task whose bytes depend on its data.
 */
export function leastBytes(task: Task): number | undefined {
  if (task.kind === 'text' || task.kind === 'seq2seq') return undefined
  if (task.kind === 'matmul') return 3 * task.size ** 2 * FLOAT_BYTES
  if (task.kind === 'add') return 3 * task.elements * FLOAT_BYTES
  const { batch, time, inputSize, units } =
    task.kind === 'step' ? { batch: 1, time: 1, inputSize: task.units, units: task.units } : task.sizes
  const weights = weightsOf(task.cell, { inputSize, units })
  const floats = batch * time * (inputSize + outputSizeOf(task.cell, units)) + weights
  return (task.kind === 'recurrent' && task.mode === 'train' ? 3 : 1) * floats * FLOAT_BYTES
}
