// Vite's build of the page, and its servers with the headers that threads need.

import { join } from 'node:path'
import { defineConfig } from 'vite'

/** A page with these headers is cross-origin isolated: it may share memory between threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses: the page may be put into any folder of a server.
  base: './',
  worker: { format: 'es' },
  build: {
    outDir: 'dist/vite',
    emptyOutDir: true,
    reportCompressedSize: false,
    rolldownOptions: { input: ['index.html', 'conformance.html'].map((file) => join(import.meta.dirname, file)) },
  },
  // The dev server must not bundle these ahead: their workers and .wasm files lie beside them.
  optimizeDeps: { exclude: ['@rnn/backend-wasm', '@rnn/backend-worker'] },
  server: { headers },
  preview: { headers },
})
