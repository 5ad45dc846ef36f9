// Makes the backend that was chosen: in a worker, so that the page stays alive, or on the page's own thread.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { webgpu } from '@rnn/backend-webgpu'
import { remote } from '@rnn/backend-worker'
import type { Backend } from '@rnn/core'
import type { Settings } from './settings.ts'

/** @throws what the backend throws where it can't run, with the reason; E_BACKEND_LOST for a worker that can't start */
export async function makeBackend({ backend, place, threads }: Settings): Promise<Backend> {
  if (place === 'worker') {
    // Bundlers look for exactly this form.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    return remote(worker, { options: { backend, threads } })
  }
  switch (backend) {
    case 'cpu':
      return cpu()
    case 'wasm':
      return wasm({ threads })
    case 'webgpu':
      return webgpu()
  }
}
