// Minimal long short-term memory: an LSTM whose gates see the input alone and share what they let through.

import { blocks, constant, glorotUniform, zeroInitializer } from '../initializers.ts'
import { mul, sub } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { neg, sigmoid, softplus } from '../ops/unary.ts'
import { split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import type { Cell } from './cell.ts'
import { builtInCell } from './built-in.ts'
import { defineLinearCell } from './linear-cell.ts'

/**
 * minLSTM (Feng et al. 2024, arXiv 2410.01201, section 3.2): `h' = f/(f+i)·h + i/(f+i)·n` with `f = σ(x·Wf + bf)`, `i = σ(x·Wi + bi)` and the candidate
 * `n = x·Wn + bn` as it is. Gate order f, i, n; the forget gate's bias starts at 1. State: hidden. Parameters: kernel `[I, 3H]`, bias `[3H]`. Runs in parallel over time.
 */
export const minLstmCell: Cell<'kernel' | 'bias', readonly [h: Tensor]> = /* @__PURE__ */ builtInCell(
  /* @__PURE__ */
  defineLinearCell<'kernel' | 'bias'>({
    kind: 'minLstm',
    gates: 3,
    parameters: (inputSize, units) => ({
      kernel: { shape: [inputSize, 3 * units], initializer: glorotUniform },
      bias: { shape: [3 * units], initializer: blocks(constant(1), zeroInitializer, zeroInitializer) },
    }),
    project: (x, { kernel, bias }) => linear(x, kernel, bias),
    recurrence(projected) {
      const [xf, xi, n] = split(projected, 3)
      // f/(f+i) = σ(log f − log i), and log σ(x) = −softplus(−x): finite where both gates are shut and f/(f+i) would be 0/0.
      const share = sub(softplus(neg(xi)), softplus(neg(xf)))
      return { factor: sigmoid(share), term: mul(sigmoid(neg(share)), n) }
    },
  }),
)
