// Completes dist: the .wasm files where the compiled loader looks for them, and the file that threads start from.

import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
for (const file of globSync('*.wasm', { cwd: join(root, 'src') })) {
  copyFileSync(join(root, 'src', file), join(root, 'dist', file))
}

const worker = readFileSync(join(root, 'src/worker.js'), 'utf8')
writeFileSync(join(root, 'dist/worker.js'), worker.replace('worker-main.ts', 'worker-main.js'))
