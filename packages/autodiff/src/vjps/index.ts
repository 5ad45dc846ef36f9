// The rule of every op. An op without a rule gives nothing that could be followed: whole numbers, masks, random numbers, changes in place.

import type { OpRecord } from '@rnn/core'
import { binaryRule, selectRule } from './binary.ts'
import { customRule } from './custom.ts'
import { crossEntropyRule, layerNormRule } from './fused.ts'
import { concatRule, copyRule, gatherRule, padRule, reshapeRule, sliceRule, transposeRule } from './layout.ts'
import { matmulRule } from './matmul.ts'
import { linearScanRule, recurrentRule } from './recurrent.ts'
import { reduceRule, softmaxRule, topKRule } from './reduce.ts'
import type { Backward, RecordOf, Rule, RuleContext } from './rule.ts'
import { unaryRule } from './unary.ts'

const RULES: { readonly [Name in OpRecord['op']]?: Rule<RecordOf<Name>> } = {
  binary: binaryRule,
  concat: concatRule,
  copy: copyRule,
  crossEntropyForward: crossEntropyRule,
  custom: customRule,
  gather: gatherRule,
  layerNormForward: layerNormRule,
  linearScanForward: linearScanRule,
  matmul: matmulRule,
  pad: padRule,
  recurrentForward: recurrentRule,
  recurrentVariantForward: recurrentRule,
  reduce: reduceRule,
  reshape: reshapeRule,
  select: selectRule,
  slice: sliceRule,
  softmax: softmaxRule,
  topK: topKRule,
  transpose: transposeRule,
  unary: unaryRule,
}

/** The backward pass of an op that has just run, or null where no gradient flows. */
export function differentiate(entry: OpRecord, context: RuleContext): Backward | null {
  const rule = RULES[entry.op] as Rule<OpRecord> | undefined // the table pairs each name with its own record
  return rule?.(entry, context) ?? null
}
