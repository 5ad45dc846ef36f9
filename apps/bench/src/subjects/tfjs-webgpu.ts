/** TensorFlow.js on its WebGPU backend, in Chromium. */

import { subjectInChromium } from '../browser/subject-in-chromium.ts'
import type { Subject } from './subject.ts'

/** tfjs-layers, and the same equations in tfjs-core ops, on `@tensorflow/tfjs-backend-webgpu`. */
export const tfjsWebgpu: Subject = subjectInChromium('tfjs', {
  id: 'tfjs-webgpu',
  title: 'TensorFlow.js on its WebGPU backend, in Chromium',
  packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-webgpu'],
})
