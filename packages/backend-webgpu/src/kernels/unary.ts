// Element-wise functions of one argument.

import type { UnaryKind } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { mathOf, type MathName } from '../wgsl/math.ts'
import { runElementwise } from './elementwise.ts'

interface Definition {
  readonly expression: string
  readonly uses?: MathName
}

const FLOATS: Readonly<Record<Exclude<UnaryKind, 'not'>, Definition>> = {
  negate: { expression: '-x' },
  absolute: { expression: 'abs(x)' },
  sign: { expression: 'select(x, sign(x), x > 0.0 || x < 0.0)' }, // NaN and −0 go through
  exp: { expression: 'rnnExp(x)', uses: 'exp' },
  log: { expression: 'rnnLog(x)', uses: 'log' },
  log1p: { expression: 'rnnLog1p(x)', uses: 'log1p' },
  sqrt: { expression: 'sqrt(x)' },
  reciprocalSqrt: { expression: 'inverseSqrt(x)' },
  reciprocal: { expression: '1.0 / x' },
  square: { expression: 'x * x' },
  tanh: { expression: 'rnnTanh(x)', uses: 'tanh' },
  sigmoid: { expression: 'rnnSigmoid(x)', uses: 'sigmoid' },
  relu: { expression: 'select(x, 0.0, x < 0.0)' }, // NaN goes through
  softplus: { expression: 'rnnSoftplus(x)', uses: 'softplus' },
  floor: { expression: 'floor(x)' },
  ceil: { expression: 'ceil(x)' },
  round: { expression: 'round(x)' },
  isNaN: { expression: 'select(0, 1, isNan(x))', uses: 'isNan' },
}

const INTS: Readonly<Partial<Record<UnaryKind, string>>> = {
  negate: '-x',
  absolute: 'abs(x)',
  sign: 'sign(x)',
  square: 'x * x',
  relu: 'max(x, 0)',
  not: 'select(0, 1, x == 0)',
}

export const unary: Kernel<'unary'> = ({ inputs: [x], outputs: [out], attributes: { kind } }, gpu) => {
  const { expression, uses } =
    x.dtype === 'float32' ? FLOATS[kind as keyof typeof FLOATS] : { expression: INTS[kind]!, uses: undefined }
  runElementwise(gpu, {
    key: `unary ${kind}`,
    inputs: { x },
    out,
    expression,
    ...(uses && { functions: mathOf(uses) }),
  })
}
