// Gradients of the fused losses and normalisations.

import { crossEntropyBackward, layerNormBackward } from '@rnn/core'
import { onlyGradient, refuse, whole, type RecordOf, type Rule } from './rule.ts'

export const crossEntropyRule: Rule<RecordOf<'crossEntropyForward'>> = (
  { attributes, inputs, outputs: [, logSumExp] },
  context,
) => {
  const [logits, labels, classWeights] = inputs
  refuse(context, 2, 'softmaxCrossEntropy', 'the class weights')
  const saved = [context.save(logits), context.save(labels), classWeights && context.save(classWeights)] as const
  const savedSum = context.save(logSumExp)
  return (gradients) =>
    whole(context, 0, () => {
      const forward = { attributes, inputs: [saved[0].get(), saved[1].get(), saved[2]?.get() ?? null] } as const
      return crossEntropyBackward(forward, savedSum.get(), onlyGradient(gradients))
    })
}

export const layerNormRule: Rule<RecordOf<'layerNormForward'>> = (
  { inputs: [x, gain, bias], outputs: [, mean, rstd] },
  context,
) => {
  const saved = [context.save(x), gain && context.save(gain), bias && context.save(bias)] as const
  const [savedMean, savedScale] = [context.save(mean), context.save(rstd)]
  return (gradients) => {
    const inputs = [saved[0].get(), saved[1]?.get() ?? null, saved[2]?.get() ?? null] as const
    const result = layerNormBackward(inputs, [savedMean.get(), savedScale.get()], onlyGradient(gradients))
    return [
      ...whole(context, 0, () => result.x),
      ...whole(context, 1, () => result.gain ?? result.x),
      ...whole(context, 2, () => result.bias ?? result.x),
    ]
  }
}
