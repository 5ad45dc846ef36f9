// The base of all layers and models: a tree of modules that own variables.

import { RnnError, type Backend } from '@rnn/core'
import type { ModuleConfig } from './config/config.ts'
import type { ForwardContext, PassedOn } from './context.ts'
import { createValues, moveValues, type InitOptions } from './lifetime.ts'
import { predict, type Prediction, type PredictInput, type PredictOptions } from './predict.ts'
import { Stepper, type StepperOptions } from './stepper.ts'
import { summarize } from './summary.ts'
import { Variable, type NamedVariable } from './variable.ts'
import type { Tensor } from '@rnn/core'

/** A module of any input and output. */
export type AnyModule = Module<never, unknown>

/** A child with its name within its parent. */
export interface NamedModule {
  readonly name: string
  readonly module: AnyModule
}

/**
 * A layer or a model. A subclass declares its parts as fields and says in `forward` what they do; its variables and children are found in
 * its own fields (also in arrays and plain records of them, but not in `#private` ones), in the order of declaration.
 *
 * ```ts
 * class Tagger extends Module {
 *   readonly words = embedding({ vocabularySize: 5000, units: 64 })
 *   readonly encoder = bidirectional(lstm({ units: 32, inputSize: 64 }))
 *   readonly tags = dense({ units: 12, inputSize: 64 })
 *
 *   forward(ids: Tensor, context: ForwardContext): Tensor {
 *     const encoded = this.encoder.forward(this.words.forward(ids), child(context, 'encoder'))
 *     return this.tags.forward(encoded)
 *   }
 * }
 * ```
 */
export abstract class Module<Input = Tensor, Output = Tensor> {
  #backend: Backend | undefined

  /** What this is, for summaries and configurations. */
  get type(): string {
    return this.constructor.name
  }

  /**
   * Computes the output. Synchronous; new tensors belong to the caller's scope, which must be open: `predict` and the trainer open one.
   *
   * @param x tensors of this module's backend
   */
  abstract forward(x: Input, context: ForwardContext): Output

  /**
   * What the layers after this one are told in a container: for layers that change how much of each row counts. Default: what this one was told.
   *
   * @param x the input of this layer
   */
  contextAfter(x: Input, context: ForwardContext): ForwardContext {
    void x
    return context
  }

  /**
   * As `forward`, for a container that goes on with the output: containers override it to hand on what their own layers were told last, where `forward` makes
   * up for it.
   */
  passOn(x: Input, context: ForwardContext): PassedOn<Output> {
    return { output: this.forward(x, context), told: this.contextAfter(x, context) }
  }

  /**
   * Makes the variables, once the number of features that come in is known; harmless when repeated.
   *
   * By default each child is built alone, so that those that need an input size must have been given one. A module that knows better overrides
   * this: `const size = this.words.build(undefined); this.encoder.build(size)`.
   *
   * @param inputSize features of the input, if the module before knows them
   * @returns features of the output, if they are known
   * @throws E_CONFIGURATION for a size that contradicts an earlier one
   */
  build(inputSize: number | undefined): number | undefined {
    void inputSize
    for (const { module } of this.children()) module.build(undefined)
    return undefined
  }

  /** True for a layer that could not make its variables, because nobody told it its input size. */
  get lacksInputSize(): boolean {
    return false
  }

  /** Features of the output, once they are known. */
  get outputSize(): number | undefined {
    return undefined
  }

  /** The modules in this one's own fields. Containers override it. */
  children(): readonly NamedModule[] {
    return this.#inFields((value) => value instanceof Module).map(([name, module]) => ({
      name,
      module: module as AnyModule,
    }))
  }

  /** The variables in this module's own fields, without those of its children; paths relative to it. */
  ownVariables(): readonly NamedVariable[] {
    return this.#inFields((value) => value instanceof Variable).map(([name, value]) => {
      const variable = value as Variable
      const at = name.lastIndexOf('.') + 1
      return { path: name.slice(0, at) + variable.name, variable }
    })
  }

  #inFields(wanted: (value: unknown) => boolean): [name: string, value: unknown][] {
    const found: [string, unknown][] = []
    for (const [field, value] of Object.entries(this)) {
      if (wanted(value)) found.push([field, value])
      else if (Array.isArray(value) || isPlainRecord(value)) {
        for (const [key, each] of Object.entries(value)) if (wanted(each)) found.push([`${field}.${key}`, each])
      }
    }
    return found
  }

  /**
   * Every variable of this module and its children, depth first in the order of declaration. One that is shared is listed once, by its first path.
   *
   * @throws E_CONFIGURATION when two variables have one path
   */
  variables(): readonly NamedVariable[] {
    const found: NamedVariable[] = []
    const seen = new Set<unknown>()
    const paths = new Set<string>()
    visit(this, '', seen, ({ path, variable }) => {
      if (seen.has(variable)) return
      seen.add(variable)
      if (paths.has(path)) {
        throw new RnnError({
          code: 'E_CONFIGURATION',
          operation: this.type,
          problem: `two variables have the path '${path}'`,
          fix: 'give them different names',
        })
      }
      paths.add(path)
      found.push({ path, variable })
    })
    return found
  }

  /** The parameters, frozen ones included. Known once the sizes are: after `init`, at the latest. */
  parameters(): readonly NamedVariable[] {
    return this.variables().filter(({ variable }) => variable.kind === 'parameter')
  }

  /** The variables that forward passes keep, and no optimiser touches. */
  states(): readonly NamedVariable[] {
    return this.variables().filter(({ variable }) => variable.kind === 'state')
  }

  /** Number of elements of all parameters, frozen ones included. */
  get parameterCount(): number {
    return this.parameters().reduce((count, { variable }) => count + variable.size, 0)
  }

  /** Number of elements of the parameters that training changes. */
  get trainableParameterCount(): number {
    return this.parameters().reduce((count, { variable }) => count + (variable.trainable ? variable.size : 0), 0)
  }

  /**
   * Infers sizes and makes all values, each from a random key of its own path: adding a layer doesn't change how the others start. Called again,
   * it starts afresh.
   *
   * ```ts
   * await model.init(await cpu(), { seed: 1 })
   * ```
   *
   * @throws E_NOT_BUILT when a layer lacks its input size (the message names it), E_CONFIGURATION for sizes that contradict one another
   */
  async init(backend: Backend, options: InitOptions): Promise<this> {
    this.build(undefined)
    assertSizesKnown(this)
    await createValues(this.variables(), backend, options)
    for (const module of tree(this)) module.#backend = backend
    return this
  }

  /**
   * Moves a live model: reads all values, then swaps them at once and frees the old ones. When it fails, the model stays where it is.
   *
   * @throws E_BUSY when a value was changed meanwhile (by a training step), E_NOT_BUILT before `init`
   */
  async to(backend: Backend): Promise<void> {
    if (this.backend === backend) return
    await moveValues(this.variables(), backend)
    for (const module of tree(this)) module.#backend = backend
  }

  /**
   * The output for host arrays or tensors, as host arrays that the caller owns. Frees every tensor that it makes.
   *
   * ```ts
   * const { data, shape } = await model.predict(batch, { activation: 'softmax' }) // data: Float32Array
   * ```
   *
   * @param inputs in each tensor's place a tensor of this backend or `{ data, shape }`; or a batch `{ inputs, lengths? }`
   * @throws E_NOT_BUILT before `init`, E_INDEX_RANGE for ids outside a vocabulary, E_SHAPE, E_DTYPE
   */
  async predict(inputs: PredictInput<Input>, options: PredictOptions = {}): Promise<Prediction<Output>> {
    return predict(this, inputs, options)
  }

  /**
   * Streams: one time step at a time, states carried from step to step, in microseconds where memory is at hand.
   *
   * ```ts
   * using stream = model.stepper({ shape: [1, 1] }) // one row, one step, ids; [1, 1, 64] for 64 features
   * const first = stream.step(Int32Array.of(4))
   * const second = stream.step(Int32Array.of(2)) // goes on from there
   * ```
   *
   * @throws E_NOT_BUILT before `init`, E_UNSUPPORTED for layers that read a sequence backwards
   */
  stepper(this: Module, options: StepperOptions): Stepper {
    return new Stepper(this, options)
  }

  /** Where the values lie. @throws E_NOT_BUILT before `init` */
  get backend(): Backend {
    if (this.#backend !== undefined) return this.#backend
    throw new RnnError({
      code: 'E_NOT_BUILT',
      operation: this.type,
      problem: 'the model is on no backend yet',
      fix: 'call await model.init(backend, { seed }) first',
    })
  }

  /** Frees all values. `init` may be called again. */
  dispose(): void {
    for (const { variable } of this.variables()) variable.dispose()
    for (const module of tree(this)) module.#backend = undefined
  }

  /** A table of layers, output sizes and parameter counts, as text. */
  summary(): string {
    this.build(undefined)
    return summarize(this)
  }

  /**
   * The configuration from which `fromJSON` makes this module again, without its values.
   *
   * @throws E_CONFIGURATION for a module that doesn't describe itself
   */
  toJSON(): ModuleConfig {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: this.type,
      problem: 'this module has no JSON form',
      fix: `override toJSON() and give fromJSON or loadModel { ${this.type}: (config) => new ${this.type}(…) }`,
    })
  }
}

/** The module and all below it, each once. */
export function tree(root: AnyModule): Set<AnyModule> {
  const found = new Set<AnyModule>()
  const walk = (module: AnyModule): void => {
    if (found.has(module)) return
    found.add(module)
    for (const { module: below } of module.children()) walk(below)
  }
  walk(root)
  return found
}

function visit(module: AnyModule, prefix: string, seen: Set<unknown>, each: (found: NamedVariable) => void): void {
  if (seen.has(module)) return
  seen.add(module)
  for (const { path, variable } of module.ownVariables()) each({ path: prefix + path, variable })
  for (const { name, module: below } of module.children()) visit(below, `${prefix}${name}.`, seen, each)
}

function assertSizesKnown(root: AnyModule): void {
  const lacking: string[] = []
  const seen = new Set<AnyModule>()
  const walk = (module: AnyModule, path: string): void => {
    if (seen.has(module)) return
    seen.add(module)
    if (module.lacksInputSize) lacking.push(path === '' ? module.type : `'${path}' (${module.type})`)
    for (const { name, module: below } of module.children()) walk(below, path === '' ? name : `${path}.${name}`)
  }
  walk(root, '')
  if (lacking.length === 0) return
  throw new RnnError({
    code: 'E_NOT_BUILT',
    operation: 'init',
    problem: `the input size of ${lacking.join(', ')} is not known`,
    fix: 'give inputSize (the features of its input) to the first layer, and to every layer outside a sequential',
  })
}

function isPlainRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
