// Pipelines by key, compiled in the background; layouts by the number of buffers that are read and written.

import { RnnError } from '@rnn/core'
import { wgslOf } from './program.ts'
import type { ProgramSpec } from './program.ts'

/** A program on the device, perhaps still being compiled. */
export interface Program<Parameter extends string = string> {
  readonly spec: ProgramSpec<Parameter>
  readonly layout: Layout
  /** Present once compiled. */
  readonly pipeline: GPUComputePipeline | undefined
  /** Resolves when the pipeline is there or its compilation has failed. */
  readonly settled: Promise<void>
  readonly error: RnnError | undefined
}

/** What a bind group of a program looks like. */
export interface Layout {
  readonly id: string
  readonly buffers: GPUBindGroupLayout
}

interface Compiling extends Program {
  pipeline: GPUComputePipeline | undefined
  error: RnnError | undefined
  settled: Promise<void>
}

const COMPUTE_STAGE = 4

/** The programs of one device. */
export class Pipelines {
  readonly #device: GPUDevice
  readonly #programs = new Map<string, Compiling>()
  readonly #layouts = new Map<string, Layout>()
  /** Group 1 of every program: its parameters, at an offset given with each dispatch, and the flag of index errors. */
  readonly parameters: GPUBindGroupLayout

  constructor(device: GPUDevice) {
    this.#device = device
    this.parameters = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'uniform', hasDynamicOffset: true } },
        { binding: 1, visibility: COMPUTE_STAGE, buffer: { type: 'storage' } },
      ],
    })
  }

  /** Pipelines made so far. */
  get created(): number {
    return this.#programs.size
  }

  /** Resolves when nothing is being compiled any more. */
  async settled(): Promise<void> {
    await Promise.all(Array.from(this.#programs.values(), ({ settled }) => settled))
  }

  /** The program of a key; `describe` is called the first time only. */
  program<Parameter extends string>(key: string, describe: () => ProgramSpec<Parameter>): Program<Parameter> {
    // A key stands for one description, so the parameters' names are those that were asked for.
    const known = this.#programs.get(key) as Program<Parameter> | undefined
    return known ?? (this.#compile(describe()) as Program<Parameter>)
  }

  #compile(spec: ProgramSpec<string>): Compiling {
    const layout = this.#layout(Object.keys(spec.reads).length, Object.keys(spec.writes).length)
    const entry: Compiling = { spec, layout, pipeline: undefined, error: undefined, settled: Promise.resolve() }
    const module = this.#device.createShaderModule({ label: spec.key, code: wgslOf(spec) })
    entry.settled = this.#device
      .createComputePipelineAsync({
        label: spec.key,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout.buffers, this.parameters] }),
        compute: { module, entryPoint: 'main' },
      })
      .then(
        (pipeline) => {
          entry.pipeline = pipeline
        },
        (cause: unknown) => {
          entry.error = new RnnError({
            code: 'E_UNSUPPORTED',
            operation: 'webgpu',
            problem: `the driver could not compile '${spec.key}': ${cause instanceof Error ? cause.message : String(cause)}`,
            fix: 'update the browser or the driver, or use @rnn/backend-wasm',
            cause,
          })
        },
      )
    this.#programs.set(spec.key, entry)
    return entry
  }

  #layout(reads: number, writes: number): Layout {
    const id = `${reads}r${writes}w`
    const known = this.#layouts.get(id)
    if (known !== undefined) return known
    const entries = Array.from({ length: reads + writes }, (_, binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type: binding < reads ? 'read-only-storage' : 'storage' },
    }))
    const layout = { id, buffers: this.#device.createBindGroupLayout({ label: id, entries }) }
    this.#layouts.set(id, layout)
    return layout
  }
}
