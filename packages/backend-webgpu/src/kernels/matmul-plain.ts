// Matrix products without workgroup memory: each invocation computes an element, or four neighbouring ones of a row where `b` can be read so.

import type { Gpu } from '../kernel.ts'
import { STRETCH } from '../matmul-plan.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import { endingKey, PARAMETERS, parametersOf, readingOfB, storeWgsl, summedBy, type Product } from './matmul-matrix.ts'

/** Records a product of the plan's kind `plain`. */
export function dispatchPlain(gpu: Gpu, product: Product): void {
  const { a, b, bias, out, accumulate } = product
  const { along, four } = readingOfB(b)
  const wide = four && along === 'own'
  const [type, width] = wide ? (['vec4f', 4] as const) : (['f32', 1] as const)
  const long = a.columns * summedBy(a, b, out) > STRETCH
  const ending = { bias: bias !== null, accumulate }
  const store = (value: string, j: number): string => `  ${storeWgsl(ending, value, 'row', `column + ${j}u`)}`
  const key = `matmul plain ${type} ${long ? 'long' : ''} ${endingKey(ending)}`
  const program = gpu.program(key, () => ({
    key,
    reads: { as_: 'f32', bs_: wide ? 'vec4<f32>' : 'f32', ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: { count: 'u32', ...PARAMETERS },
    body: `${GRID_MAIN}
  let across = p.columns / ${width}u;
  let column = (i % across) * ${width}u;
  let row = (i / across) % p.rows;
  let matrix = i / (across * p.rows);
  var total = ${type}();
  var sum = ${type}();
  var stretch = 0u;
  for (var each = 0u; each < p.summed; each++) {
    var aAt = p.aStart + (matrix + each) * p.aMatrix + row * p.aRow;
    var bAt = p.bStart + (matrix + each) * p.bMatrix + column * p.bColumn;
    for (var term = 0u; term < p.terms; term++) {
      sum = fma(${type}(as_[aAt]), bs_[bAt${wide ? ' / 4u' : ''}], sum);
      aAt += p.aTerm;
      bAt += p.bTerm;
${long ? `      stretch++;\n      if (stretch == ${STRETCH}u) { stretch = 0u; total += sum; sum = ${type}(); }` : ''}
    }
  }
  sum += total;
  let outBase = p.outStart + matrix * p.outMatrix;
${wide ? [0, 1, 2, 3].map((j) => store(`sum[${j}]`, j)).join('\n') : store('sum', 0)}
}`,
  }))
  const count = (out.count * out.rows * out.columns) / width
  gpu.dispatch(
    program,
    [a.source, b.source, ...(bias ? [bias.source] : []), out.source],
    { count, ...parametersOf(product, { splits: 1, termsPerSplit: a.columns }) },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
