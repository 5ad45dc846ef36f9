// @rnn/core: tensors, ops, cells, random keys, and the Backend contract.

export { fusedCounts, type FusedCount } from './backend-state.ts'
export * from './cells/cell.ts'
export * from './cells/gru.ts'
export * from './cells/lstm.ts'
export * from './cells/simple.ts'
export * from './contract/backend.ts'
export * from './contract/op-call.ts'
export * from './contract/operand.ts'
export * from './dtype.ts'
export * from './errors.ts'
export { execute, run } from './execute.ts'
export * from './fused/cross-entropy.ts'
export * from './fused/layer-norm.ts'
export * from './fused/linear-scan.ts'
export * from './fused/optimizer-steps.ts'
export {
  recurrentBackward,
  reserveWidth,
  type RecurrentGradients,
  type RecurrentTrace,
  type ScanResult,
} from './fused/recurrent.ts'
export * from './initializers.ts'
export * from './ops/binary.ts'
export * from './ops/creation.ts'
export * from './ops/gather.ts'
export * from './ops/in-place.ts'
export * from './ops/layout.ts'
export * from './ops/matmul.ts'
export * from './ops/random.ts'
export * from './ops/reduce.ts'
export * from './ops/select.ts'
export * from './ops/softmax.ts'
export * from './ops/unary.ts'
export * from './ops/views.ts'
export * from './random/key.ts'
export * from './random/threefry.ts'
export * from './recorder.ts'
export * from './scan.ts'
export { keep, scope, tensorsIn } from './scope.ts'
export * from './shape.ts'
export type { Storage } from './storage.ts'
export {
  alias,
  allocateTensor,
  operandOf,
  readTensors,
  Tensor,
  type Placement,
  type Rows,
} from './tensor.ts'
