// ONNX Runtime where it is installed, and what it gave when it was last asked where it is not: it is too large to be installed for tests alone.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { HostArray } from '@rnn/layers'

interface OrtTensor {
  readonly data: Float32Array
}

interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{ run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> }>
  }
  readonly Tensor: new (type: string, data: Float32Array | Int32Array, shape: readonly number[]) => OrtTensor
}

/** A model's float32 outputs by name. */
export type OrtOutputs = Readonly<Record<string, Float32Array>>

const peer = join(import.meta.dirname, '../../../../apps/bench/peers/ort-node/package.json')
const record = join(import.meta.dirname, '../recorded/onnx-runtime.json')

/** `onnxruntime-node` as the bench installs it: `pnpm bench:peers`. */
export const onnxRuntime: Ort | undefined = load()

function load(): Ort | undefined {
  try {
    return createRequire(peer)('onnxruntime-node') as Ort
  } catch {
    console.log('onnxruntime-node is not at hand (pnpm bench:peers installs it): we compare with what it gave before.')
    return undefined
  }
}

/** Runs a model. */
export async function runOnnx(
  { InferenceSession, Tensor }: Ort,
  model: Uint8Array,
  feeds: Readonly<Record<string, HostArray>>,
): Promise<OrtOutputs> {
  const session = await InferenceSession.create(model)
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => {
    return [name, new Tensor(data instanceof Int32Array ? 'int32' : 'float32', data, shape)]
  })
  const outputs = await session.run(Object.fromEntries(tensors) as Record<string, OrtTensor>)
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Float32Array.from(data)]))
}

const all = JSON.parse(readFileSync(record, 'utf8')) as Readonly<Record<string, Readonly<Record<string, string>>>>

/** Outputs by the title of their test. @throws for a title that was never recorded */
export function recorded(title: string): OrtOutputs {
  const outputs = all[title]
  if (outputs === undefined) {
    throw new Error(`nothing recorded for "${title}": pnpm bench:peers, then RNN_RECORD=1 pnpm test packages/layers`)
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, text]) => {
      const { buffer } = Uint8Array.from(Buffer.from(text, 'base64'))
      return [name, new Float32Array(buffer)]
    }),
  )
}

/** Replaces the record. */
export function writeRecord(outputs: ReadonlyMap<string, OrtOutputs>): void {
  const text = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  const entries = [...outputs].map(([title, arrays]) => [
    title,
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, text(array)])),
  ])
  writeFileSync(record, `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`)
}
