/** All examples, by the name that `pnpm example` takes. */

import { adding } from './adding.ts'
import { addition } from './addition.ts'
import { adversarial } from './adversarial.ts'
import { anomaly } from './anomaly.ts'
import { copy } from './copy.ts'
import { dynamicRnn } from './dynamic-rnn.ts'
import { elmanJordan } from './elman-jordan.ts'
import { forecast } from './forecast.ts'
import { generate } from './generate.ts'
import { gradients } from './gradients.ts'
import { mnistPixels } from './mnist-pixels.ts'
import { mnistRows } from './mnist-rows.ts'
import { movingShapes } from './moving-shapes.ts'
import { music } from './music.ts'
import { parallel } from './parallel.ts'
import { spoken } from './spoken.ts'
import { tagging } from './tagging.ts'
import type { Example } from './example.ts'

export const examples: Readonly<Record<string, Example>> = {
  adding,
  addition,
  adversarial,
  anomaly,
  copy,
  'dynamic-rnn': dynamicRnn,
  'elman-jordan': elmanJordan,
  forecast,
  generate,
  gradients,
  'mnist-pixels': mnistPixels,
  'mnist-rows': mnistRows,
  'moving-shapes': movingShapes,
  music,
  parallel,
  spoken,
  tagging,
}
