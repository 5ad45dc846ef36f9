// Runs the kit on a backend of this workspace and writes conformance.json and the support table drawn from it, conformance.md.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { webgpu } from '@rnn/backend-webgpu'
import { FUSED_OPS, type FusedName } from '@rnn/core'
import {
  LEVELS,
  runConformance,
  supportTable,
  toleranceTable,
  type Level,
  type MakeBackend,
  type Report,
} from '@rnn/conformance'

/** The backends of this workspace, and the fused ops that each declares. */
const BACKENDS: Readonly<Record<string, { readonly make: MakeBackend; readonly fused: readonly FusedName[] }>> = {
  cpu: { make: () => cpu(), fused: FUSED_OPS },
  wasm: { make: () => wasm(), fused: FUSED_OPS },
  // Cells with options go step by step on a GPU.
  webgpu: {
    make: () => webgpu(),
    fused: FUSED_OPS.filter((op) => !op.startsWith('recurrentVariant')),
  },
}

const USAGE = `Runs the conformance kit on a backend of this workspace, and writes what it found.

  pnpm conformance [--backend ${Object.keys(BACKENDS).join('|')}] [--level NAME …] [--filter TEXT] [--out FOLDER]

  --backend   cpu unless said otherwise
  --level     only cases of this level, of ${LEVELS.join(', ')}; may be repeated
  --filter    only cases whose id contains this text
  --out       where conformance.json and conformance.md go: conformance-report unless said otherwise
`

const values = argumentsOf()
const chosen = BACKENDS[values.backend]
const wrong = values.level?.find((level) => !(LEVELS as readonly string[]).includes(level))
if (values.help) process.stdout.write(USAGE)
else if (chosen === undefined) stop(`no backend '${values.backend}'; there are ${Object.keys(BACKENDS).join(', ')}`)
else if (wrong !== undefined) stop(`no level '${wrong}'; there are ${LEVELS.join(', ')}`)
else {
  await tryOut(chosen.make)
    .then(() => run(chosen))
    .catch((error: unknown) => {
      process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    })
}

function argumentsOf(): {
  readonly backend: string
  readonly level?: string[] | undefined
  readonly filter?: string | undefined
  readonly out: string
  readonly help: boolean
} {
  try {
    return parseArgs({
      options: {
        backend: { type: 'string', default: 'cpu' },
        level: { type: 'string', multiple: true },
        filter: { type: 'string' },
        out: { type: 'string', default: 'conformance-report' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    stop(`${(error as Error).message.split('. ')[0]}; --help lists the options`)
    process.exit()
  }
}

function stop(message: string): void {
  process.stderr.write(`conformance: ${message}\n`)
  process.exitCode = 2
}

/** A backend that can't start says so once, not in every case. */
async function tryOut(make: MakeBackend): Promise<void> {
  const backend = await make()
  await backend.dispose()
}

async function run({ make, fused }: (typeof BACKENDS)[string]): Promise<void> {
  const start = performance.now()
  const report = await runConformance(make, {
    fused,
    ...(values.level && { levels: values.level as readonly Level[] }),
    ...(values.filter !== undefined && { filter: values.filter }),
    versions: await versionsOf(['core', 'conformance', `backend-${values.backend}`]),
    onResult: ({ status, id, message }) => {
      if (status !== 'passed') process.stderr.write(`${status}: ${id}: ${message}\n`)
    },
  })
  await mkdir(values.out, { recursive: true })
  await replace(join(values.out, 'conformance.json'), `${JSON.stringify(report, null, 2)}\n`)
  await replace(join(values.out, 'conformance.md'), page(report))
  const { passed, failed, unsupported } = report.counts
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(
    `${placeOf(report)}: ${passed} passed, ${failed} failed, ${unsupported} not supported in ${seconds} s; see ${values.out}\n`,
  )
  if (failed > 0) process.exitCode = 1
}

/** Versions of packages of this workspace. */
async function versionsOf(folders: readonly string[]): Promise<Record<string, string>> {
  const entries = folders.map(async (folder) => {
    const text = await readFile(join(import.meta.dirname, '../..', folder, 'package.json'), 'utf8')
    const { name, version } = JSON.parse(text) as { name: string; version: string }
    return [name, version] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** What the backend ran on: `webgpu on google swiftshader, in software`. */
function placeOf({ backend: { name, info } }: Report): string {
  const threads = info.threads === 1 ? '' : `, ${info.threads} threads`
  return `${name} on ${info.device}${info.software === true ? ', in software' : ''}${threads}`
}

function page(report: Report): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `# Conformance of ${report.backend.name}`,
    `${placeOf(report)}; ${versions.join(', ')}.`,
    supportTable([report]),
    '## Tolerances',
    'In units of 2⁻²⁴.',
    toleranceTable(),
    '',
  ].join('\n\n')
}

/** Written beside and renamed: a reader never sees half a file. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
