// @rnn/autodiff: reverse-mode differentiation over the ops of @rnn/core.

export { valueAndGrad, type GradientsOf, type ParameterTree, type ValueAndGradients } from './value-and-grad.ts'
