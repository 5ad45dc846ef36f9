/** All examples, by the name that `pnpm example` takes. */

import { addition } from './addition.ts'
import { anomaly } from './anomaly.ts'
import { forecast } from './forecast.ts'
import { generate } from './generate.ts'
import { gradients } from './gradients.ts'
import { mnistPixels } from './mnist-pixels.ts'
import { mnistRows } from './mnist-rows.ts'
import { spoken } from './spoken.ts'
import { music } from './music.ts'
import type { Example } from './example.ts'

export const examples: Readonly<Record<string, Example>> = {
  addition,
  anomaly,
  forecast,
  generate,
  gradients,
  'mnist-pixels': mnistPixels,
  spoken,
  'mnist-rows': mnistRows,
  music,
}
