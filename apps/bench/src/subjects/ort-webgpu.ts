/** ONNX Runtime Web with its WebGPU execution provider, in Chromium. */

import { subjectInChromium } from '../browser/subject-in-chromium.ts'
import type { Subject } from './subject.ts'

/** `onnxruntime-web` with nothing else to fall back to. It only infers. */
export const ortWebgpu: Subject = subjectInChromium('ort', {
  id: 'ort-webgpu',
  title: 'ONNX Runtime Web on WebGPU, in Chromium',
  packages: ['onnxruntime-web'],
})
