// Losses: values and gradients are those of float64, and what does not count is not met.

import { mul, type Tensor } from '@rnn/core'
import {
  binaryCrossEntropy,
  categoricalHinge,
  cosineDistance,
  crossEntropy,
  ctc,
  ctcLosses,
  hinge,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  poisson,
  squaredHinge,
  type CtcTargets,
  type Loss,
} from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { compare, compareBits, relativeToLargest } from '../../check.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf, resultsOf, uploadAll, type Input, type Inputs, type TensorsOf } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain } from '../../tolerances.ts'
import { pseudoIntegers } from '../../values.ts'

/** `[batch, time, features]` of the losses below. */
const SHAPE = [3, 4, 5]
const ELEMENTS = 60

/** Roundings of an element's loss and of the mean. */
const ROUNDINGS = 32 + ELEMENTS

/** The value of a program on the backend against the same on the reference, and its gradients; two cases. */
function lossCases<I extends Inputs, C extends Inputs>(
  id: string,
  name: string,
  parameters: I,
  constants: C,
  run: (parameters: TensorsOf<I>, constants: TensorsOf<C>) => Tensor,
  roundings = ROUNDINGS,
): ConformanceCase[] {
  return [
    caseOf(`${id}-value`, `${name} is that of float64`, async ({ backend, note }) => {
      const program = (on: typeof backend) => () => [run(uploadAll(on, parameters), uploadAll(on, constants))]
      const [expected] = await resultsOf(referenceBackend(), program(referenceBackend()))
      const [got] = await resultsOf(backend, program(backend))
      note(compare('loss', got!.values, expected!, relativeToLargest(expected!, chain(roundings))))
    }),
    ...gradientCases(`${id}-gradient`, `the gradient of ${name}`, {
      parameters,
      constants,
      run: (watched, fixed) => run(watched, fixed),
      roundings,
    }),
  ]
}

const lengths = inputOf([3], [4, 2, 3], 'int32')
const sampleWeights = inputOf([3], [1, 0.5, 2])
const real = input(SHAPE, 1302)
const answers = inputOf(SHAPE, pseudoIntegers(ELEMENTS, 1303, 0, 2))
const counts = inputOf(SHAPE, pseudoIntegers(ELEMENTS, 1304, 0, 6))
const classes = inputOf([3, 4], pseudoIntegers(12, 1305, -1, 5), 'int32')
/** Rows of quarters that add up to 1, with zeros among them. */
const shares = inputOf(
  SHAPE,
  Array.from({ length: ELEMENTS }, (_, i) => [0.5, 0, 0.25, 0.25, 0][(i + Math.floor(i / 5)) % 5]!),
)

const ELEMENTWISE: readonly (readonly [name: string, loss: Loss, targets: Input])[] = [
  ['meanSquaredError', meanSquaredError(), real],
  ['meanAbsoluteError', meanAbsoluteError(), real],
  ['huber', huber({ delta: 0.5 }), real],
  ['poisson', poisson(), counts],
  ['binaryCrossEntropy', binaryCrossEntropy(), answers],
  ['hinge', hinge(), answers],
  ['squaredHinge', squaredHinge(), answers],
  ['cosineDistance', cosineDistance(), real],
  ['klDivergence', klDivergence(), shares],
  ['crossEntropy', crossEntropy({ labelSmoothing: 0.1 }) as Loss, classes],
  ['categoricalHinge', categoricalHinge(), classes],
]

/** Of CTC: frames, classes, rows of labels (with a repeat, without any), and how many frames each row has. */
const [FRAMES, CLASSES] = [7, 4]
const LABELS = inputOf([4, 3], [1, 1, 3, 2, -1, -1, 3, 1, 2, -1, -1, -1], 'int32')
const FRAME_LENGTHS = inputOf([4], [7, 1, 5, 3], 'int32')

/**
 * Roundings of CTC: some ten a step, on alphas that reach `16 · (range of the logits + ln 3)` between two rescalings (src/ctc/alignment-scan.ts): an error in an exponent is one in the result, so those
 * of size |α| count |α|² times under the root.
 */
const ctcRoundings = (frames: number, range: number): number =>
  10 * frames * (Math.min(frames, 16) * (range + 1.1)) ** 2

/** Each row counts in its own way. */
function weighedLosses(logits: Tensor, targets: CtcTargets, weights: Tensor, frames?: Tensor): Tensor {
  return mul(ctcLosses(logits, targets, { lengths: frames, zeroInfinity: true }), weights)
}

const LONG = 40

export const lossLevelCases: readonly ConformanceCase[] = [
  ...ELEMENTWISE.flatMap(([name, loss, targets], i) =>
    lossCases(
      `training/loss/${name}`,
      `${name}, with lengths and sample weights`,
      { outputs: input(SHAPE, 1310 + i, 3) },
      { targets, lengths, sampleWeights },
      ({ outputs }, fixed) =>
        loss.compute(outputs, fixed.targets, { lengths: fixed.lengths, sampleWeights: fixed.sampleWeights }),
    ),
  ),

  ...lossCases(
    'training/ctc/ragged',
    'CTC over rows with repeated labels, without labels, with as few frames as labels',
    { logits: input([4, FRAMES, CLASSES], 1330, 4) },
    { labels: LABELS, frames: FRAME_LENGTHS, weights: inputOf([4], [1, 0.5, -2, 3]) },
    ({ logits }, { labels, frames, weights }) => weighedLosses(logits, labels, weights, frames),
    ctcRoundings(FRAMES, 4),
  ),

  ...lossCases(
    'training/ctc/long',
    'CTC over 40 frames, where alphas are rescaled',
    { logits: input([2, LONG, CLASSES], 1331, 2) },
    {
      labels: inputOf([2, 12], pseudoIntegers(24, 1332, 1, CLASSES), 'int32'),
      weights: inputOf([2], [1, -0.5]),
    },
    ({ logits }, { labels, weights }) => weighedLosses(logits, labels, weights),
    ctcRoundings(LONG, 2),
  ),

  ...lossCases(
    'training/ctc/impossible',
    'CTC with a row whose labels need more frames than it has, which counts 0',
    { logits: input([2, 3, CLASSES], 1333, 4) },
    { labels: inputOf([2, 3], [1, 1, 2, 3, 2, -1], 'int32'), weights: inputOf([2], [1, 2]) },
    ({ logits }, { labels, weights }) => weighedLosses(logits, labels, weights),
    ctcRoundings(3, 4),
  ),

  caseOf(
    'training/ctc/padding',
    'CTC looks at nothing past the frames and labels of a row, NaN as well',
    async ({ backend }) => {
      const logits = input([4, FRAMES, CLASSES], 1330, 4)
      const run = async (filler: number, label: number) => {
        const spoilt = logits.values.map((value, i) => {
          const [row, frame] = [Math.floor(i / (FRAMES * CLASSES)), Math.floor(i / CLASSES) % FRAMES]
          return frame < FRAME_LENGTHS.values[row]! ? value : filler
        })
        const inputs = {
          logits: inputOf(logits.shape, spoilt),
          labels: inputOf(LABELS.shape, LABELS.values.map((each) => (each < 0 ? label : each)), 'int32'), // prettier-ignore
          lengths: inputOf([4], [3, 1, 3, 0], 'int32'),
          frames: FRAME_LENGTHS,
        }
        const [mean] = await resultsOf(backend, () => {
          const { logits: outputs, labels, lengths: ends, frames } = uploadAll(backend, inputs)
          return [ctc().compute(outputs, { labels, lengths: ends }, { lengths: frames })]
        })
        return mean!.values
      }
      const plain = await run(0, -1)
      for (const [filler, label] of [
        [Number.NaN, 99],
        [Infinity, 0],
        [-Infinity, 2],
      ] as const) {
        // prettier-ignore
        compareBits('loss', await run(filler, label), plain)
      }
    },
  ),
]
