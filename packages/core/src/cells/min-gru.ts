// Minimal gated recurrent unit: a GRU whose gates see the input alone.

import { glorotUniform, zeroInitializer } from '../initializers.ts'
import { mul, sub } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { sigmoid } from '../ops/unary.ts'
import { split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import type { Cell } from './cell.ts'
import { builtInCell } from './built-in.ts'
import { defineLinearCell } from './linear-cell.ts'

/**
 * minGRU (Feng et al. 2024, arXiv 2410.01201, section 3.1): `h' = (1 − z)·h + z·n` with `z = σ(x·Wz + bz)` and the candidate `n = x·Wn + bn` as it is, in the
 * plain form, not that of logarithms. Gate order z, n. State: hidden. Parameters: kernel `[I, 2H]`, bias `[2H]`. Runs in parallel over time.
 */
export const minGruCell: Cell<'kernel' | 'bias', readonly [h: Tensor]> = /* @__PURE__ */ builtInCell(
  /* @__PURE__ */
  defineLinearCell<'kernel' | 'bias'>({
    kind: 'minGru',
    gates: 2,
    parameters: (inputSize, units) => ({
      kernel: { shape: [inputSize, 2 * units], initializer: glorotUniform },
      bias: { shape: [2 * units], initializer: zeroInitializer },
    }),
    project: (x, { kernel, bias }) => linear(x, kernel, bias),
    recurrence(projected) {
      const [xz, n] = split(projected, 2)
      const z = sigmoid(xz)
      return { factor: sub(1, z), term: mul(z, n) } // h' = (1 − z)·h + z·n
    },
  }),
)
