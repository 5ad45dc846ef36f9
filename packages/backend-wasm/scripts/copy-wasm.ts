// Puts the .wasm files where the compiled loader looks for them: beside it.

import { copyFileSync, globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
for (const file of globSync('*.wasm', { cwd: join(root, 'src') })) {
  copyFileSync(join(root, 'src', file), join(root, 'dist', file))
}
