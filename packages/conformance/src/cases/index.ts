// All cases, level by level.

import type { ConformanceCase } from '../case.ts'
import { oracleCases } from './fused/oracle-cases.ts'
import { otherCallCases } from './fused/other-calls.ts'
import { recurrentCallCases } from './fused/recurrent-calls.ts'
import { convolutionGradients } from './gradients/convolution.ts'
import { elementwiseGradients } from './gradients/elementwise.ts'
import { linearCellGradients } from './gradients/linear-cells.ts'
import { recurrentGradients } from './gradients/recurrent.ts'
import { recurrentVariantGradients } from './gradients/recurrent-variants.ts'
import { structureGradients } from './gradients/structure.ts'
import { tapeGradients } from './gradients/tape.ts'
import { convolutionLayers } from './layers/convolution.ts'
import { recurrentAbilities } from './layers/abilities.ts'
import { layerLevel } from './layers/layers.ts'
import { lifecycleCases } from './lifecycle/lifecycle.ts'
import { binaryCases } from './primitives/binary.ts'
import { copyCases } from './primitives/copy.ts'
import { errorCases } from './primitives/errors.ts'
import { layoutCases } from './primitives/layout.ts'
import { matmulCases } from './primitives/matmul.ts'
import { randomCases } from './primitives/random.ts'
import { reductionCases } from './primitives/reductions.ts'
import { selectCases } from './primitives/select.ts'
import { unaryCases } from './primitives/unary.ts'
import { callCases } from './storage/calls.ts'
import { contentCases } from './storage/contents.ts'
import { orderingCases } from './storage/ordering.ts'
import { lossLevelCases } from './training/losses.ts'
import { metricCases } from './training/metrics.ts'
import { trainingLevel } from './training/training.ts'

/** Every case of the kit. */
export const CASES: readonly ConformanceCase[] = [
  ...contentCases,
  ...orderingCases,
  ...callCases,
  ...copyCases,
  ...unaryCases,
  ...binaryCases,
  ...selectCases,
  ...reductionCases,
  ...matmulCases,
  ...layoutCases,
  ...randomCases,
  ...errorCases,
  ...recurrentCallCases,
  ...otherCallCases,
  ...oracleCases,
  ...elementwiseGradients,
  ...structureGradients,
  ...recurrentGradients,
  ...recurrentVariantGradients,
  ...linearCellGradients,
  ...convolutionGradients,
  ...tapeGradients,
  ...lifecycleCases,
  ...layerLevel,
  ...recurrentAbilities,
  ...convolutionLayers,
  ...lossLevelCases,
  ...metricCases,
  ...trainingLevel,
]
