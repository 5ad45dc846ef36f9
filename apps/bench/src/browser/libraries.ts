/** The libraries that a page can load, each with WebGPU and nothing else to fall back to. */

import { ortImplementations } from '../subjects/ort/implementations.ts'
import { runtimeOf, type OnnxRuntime } from '../subjects/ort/load.ts'
import type { Implementation } from '../subjects/subject.ts'
import { tfjsImplementations } from '../subjects/tfjs/implementations.ts'
import type { TensorFlow } from '../subjects/tfjs/load.ts'
import type { Task } from '../workloads/workload.ts'

/** What a library does for a task, or why it can't do it. */
type Library = (task: Task) => Promise<readonly Implementation[] | { readonly cannot: string }>

/** A library by its name. */
export type LibraryName = 'tfjs' | 'ort'

/** All of them. */
export const LIBRARIES: Readonly<Record<LibraryName, Library>> = {
  async tfjs(task) {
    const tensorFlow = await loadTensorFlow()
    return tfjsImplementations(tensorFlow, task)
  },
  async ort(task) {
    const ort = await loadOnnxRuntime()
    return ortImplementations(runtimeOf(ort, 'webgpu'), task)
  },
}

const SCRIPTS = '/packages/@tensorflow'
const ORT = '/packages/onnxruntime-web/dist/'

/** The builds for pages: each adds to the global `tf`. */
async function loadTensorFlow(): Promise<TensorFlow> {
  for (const name of ['core', 'layers', 'backend-cpu', 'backend-webgpu']) {
    await script(`${SCRIPTS}/tfjs-${name}/dist/tf-${name}.min.js`)
  }
  const { tf } = globalThis as unknown as { readonly tf: TensorFlow['tf'] & TensorFlow['layers'] }
  tf.enableProdMode()
  if (!(await tf.setBackend('webgpu'))) throw new Error("TensorFlow.js can't start its webgpu backend")
  await tf.ready()
  return { tf, layers: tf }
}

async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  await script(`${ORT}ort.webgpu.min.js`)
  const { ort } = globalThis as unknown as { readonly ort: OnnxRuntime }
  ort.env.wasm.wasmPaths = ORT
  return ort
}

/** Runs a script once. */
async function script(address: string): Promise<void> {
  if (document.querySelector(`script[src="${address}"]`) !== null) return
  const element = document.createElement('script')
  element.src = address
  await new Promise<void>((resolve, reject) => {
    element.addEventListener('load', () => resolve())
    element.addEventListener('error', () => reject(new Error(`${address} can't be loaded`)))
    document.head.append(element)
  })
}
