// A named value that a model owns: a parameter, which training changes, or a state, which forward passes keep up to date.

import {
  allocateTensor,
  assign,
  assignFromHost,
  formatShape,
  keep,
  RnnError,
  sameShape,
  sizeOf,
  type ParameterSpec,
  type Tensor,
} from '@rnn/core'
import type { Constraint } from './weights/constraint.ts'
import type { Regularizer } from './weights/regularizer.ts'

/** What a variable is for. */
export type VariableKind = 'parameter' | 'state'

/** Options of `new Variable`. */
export interface VariableOptions {
  /** False freezes a parameter: optimisers leave it alone. Default: true for parameters; states are never trained. */
  readonly trainable?: boolean
  /** Default: parameter. */
  readonly kind?: VariableKind
  /** True for a state that each row of a batch goes on from, and that is zero where a sequence begins. Default: false. */
  readonly carried?: boolean
  /** Added to the loss while the variable is trained. Default: none. */
  readonly regularizer?: Regularizer | undefined
  /** What the value must satisfy after each step of the optimiser. Default: anything. */
  readonly constraint?: Constraint | undefined
}

/**
 * A named float32 value of a model. The model owns it: `init` gives it a tensor, `to` moves it, `dispose` frees it.
 *
 * ```ts
 * const scale = new Variable('scale', { shape: [64], initializer: constant(1) }) // as a field of a Module
 * ```
 */
export class Variable {
  /** The local name, `kernel`; the path within the model is in `NamedVariable`. */
  readonly name: string
  readonly spec: ParameterSpec
  readonly kind: VariableKind
  /** Whether it is a state that goes on from batch to batch, zero where a sequence begins. */
  readonly carried: boolean
  readonly regularizer: Regularizer | undefined
  readonly constraint: Constraint | undefined
  /** False for frozen parameters and for states. */
  trainable: boolean
  #tensor: Tensor | undefined
  #freed = false

  constructor(name: string, spec: ParameterSpec, options: VariableOptions = {}) {
    const { kind = 'parameter', trainable = kind === 'parameter' } = options
    this.name = name
    this.spec = spec
    this.kind = kind
    this.carried = options.carried ?? false
    this.regularizer = options.regularizer
    this.constraint = options.constraint
    this.constraint?.check?.(spec.shape)
    this.trainable = trainable
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.spec.shape)
  }

  /** Whether there is a value yet. */
  get initialized(): boolean {
    return this.#tensor !== undefined
  }

  /**
   * The value, of shape `spec.shape`. The model owns it: it must not be disposed, and another tensor takes its place when the model moves.
   *
   * @throws E_NOT_BUILT before `init`, E_DISPOSED after `dispose`
   */
  get value(): Tensor {
    if (this.#tensor !== undefined) return this.#tensor
    throw new RnnError({
      code: this.#freed ? 'E_DISPOSED' : 'E_NOT_BUILT',
      operation: this.name,
      problem: this.#freed ? 'the model that owns this value was disposed' : 'this value does not exist yet',
      fix: 'call await model.init(backend, { seed }) first',
    })
  }

  /**
   * Overwrites the elements in place, from the host (row-major) or from a tensor of the same backend. A state that a tape still needs as it is
   * gets a new tensor instead: so a forward pass may leave its state behind while it trains.
   *
   * @throws E_SHAPE, E_DTYPE, E_BACKEND_MISMATCH, E_NOT_BUILT, E_NOT_DIFFERENTIABLE for a tensor that a tape follows: pass detach(x)
   */
  assign(values: Float32Array | Tensor): void {
    const target = this.value
    const { shape } = this.spec
    if (ArrayBuffer.isView(values)) {
      if (values.length !== this.size) throw this.#misfit(`${values.length} values`)
      assignFromHost(target, values)
    } else {
      if (!sameShape(values.shape, shape)) throw this.#misfit(`a tensor of shape ${formatShape(values.shape)}`)
      if (this.kind === 'parameter' || !target.storage.shared) return assign(target, values)
      const next = allocateTensor(target.backend, shape, 'float32')
      assign(next, values)
      this.place(keep(next))
    }
  }

  /** Takes over `tensor` as the value and frees the one before. For modules, which make and move values. */
  place(tensor: Tensor): void {
    this.#tensor?.dispose()
    this.#tensor = tensor
  }

  /** Frees the value. */
  dispose(): void {
    if (this.#tensor === undefined) return
    this.#tensor.dispose()
    this.#tensor = undefined
    this.#freed = true
  }

  #misfit(given: string): RnnError {
    return new RnnError({
      code: 'E_SHAPE',
      operation: this.name,
      problem: `${given} can't be assigned to a variable of shape ${formatShape(this.spec.shape)}`,
    })
  }
}

/** A variable with its path within a model: `1.forward.kernel`. */
export interface NamedVariable {
  readonly path: string
  readonly variable: Variable
}
