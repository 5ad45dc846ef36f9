// Runs cases on a backend, one after another, and watches what no case can see by itself: leaks, and fused ops that fell back.

import { fusedCounts, hasCode, type Backend, type FusedName } from '@rnn/core'
import { LEVELS, NotApplicable, type CaseContext, type ConformanceCase, type Level } from './case.ts'
import { CASES } from './cases/index.ts'
import { check, fail } from './check.ts'
import { summarise, type CaseResult, type Report } from './report.ts'

/** Makes an instance of the backend under test. Called again after a failure and by cases that need an instance of their own. */
export type MakeBackend = () => Backend | Promise<Backend>

/** What to run, and what the author promises. */
export interface ConformanceOptions {
  /** Default: all. */
  readonly levels?: readonly Level[]
  /** Cases whose id contains this text, matches it, or for which it returns true. Default: all. */
  readonly filter?: string | RegExp | ((each: ConformanceCase) => boolean)
  /** Fused ops that the backend runs: a case in which one of them runs as core's composite fails. Default: none. */
  readonly fused?: readonly FusedName[]
  /** Versions for the report, by package. */
  readonly versions?: Readonly<Record<string, string>>
  /** Called after each case. */
  readonly onResult?: (result: CaseResult) => void
}

/** Cases run one by one on instances that the session makes and disposes of. */
export interface Session {
  readonly cases: readonly ConformanceCase[]
  run(each: ConformanceCase): Promise<CaseResult>
  /** Disposes of the backend; gives the report of what has run. */
  close(): Promise<Report>
}

/** The cases that the options select, level by level. */
export function selectCases(options: Pick<ConformanceOptions, 'levels' | 'filter'> = {}): readonly ConformanceCase[] {
  const { levels = LEVELS, filter } = options
  return CASES.filter((each) => {
    if (!levels.includes(each.level)) return false
    if (filter === undefined) return true
    if (typeof filter === 'string') return each.id.includes(filter)
    return filter instanceof RegExp ? filter.test(each.id) : filter(each)
  })
}

/**
 * Runs the cases on a backend.
 *
 * ```ts
 * const report = await runConformance(() => cpu(), { levels: ['storage', 'primitives'] })
 * ```
 */
export async function runConformance(makeBackend: MakeBackend, options: ConformanceOptions = {}): Promise<Report> {
  const session = openSession(makeBackend, options)
  for (const each of session.cases) await session.run(each)
  return session.close()
}

/** A session, for hosts that call case by case (a test runner, a page with a progress bar). */
export function openSession(makeBackend: MakeBackend, options: ConformanceOptions = {}): Session {
  const declared: ReadonlySet<FusedName> = new Set(options.fused)
  const results: CaseResult[] = []
  let shared: Backend | undefined
  let identity: Pick<Backend, 'name' | 'info'> | undefined

  async function backendForCase(): Promise<Backend> {
    shared ??= await makeBackend()
    identity ??= { name: shared.name, info: shared.info }
    return shared
  }

  async function run(each: ConformanceCase): Promise<CaseResult> {
    const start = performance.now()
    let worst = 0
    const note = (ratio: number): void => {
      worst = Math.max(worst, ratio)
    }
    let outcome: Pick<CaseResult, 'status' | 'message'>
    try {
      await runWatched(await backendForCase(), each, declared, makeBackend, note)
      outcome = { status: 'passed' }
    } catch (error) {
      const status = error instanceof NotApplicable ? 'unsupported' : 'failed'
      outcome = { status, message: describe(error) }
      // What failed may have left anything behind.
      if (status === 'failed') await discard()
    }
    const result: CaseResult = {
      id: each.id,
      level: each.level,
      ...outcome,
      milliseconds: performance.now() - start,
      worst,
    }
    results.push(result)
    options.onResult?.(result)
    return result
  }

  async function discard(): Promise<void> {
    const backend = shared
    shared = undefined
    try {
      await backend?.dispose()
    } catch {
      // A broken backend may not even dispose; the next case gets a new one.
    }
  }

  return {
    cases: selectCases(options),
    run,
    async close() {
      const { name, info } = identity ?? (await backendForCase())
      await discard()
      return summarise({ name, info }, options.fused ?? [], options.versions ?? {}, results)
    },
  }
}

async function runWatched(
  backend: Backend,
  each: ConformanceCase,
  declared: ReadonlySet<FusedName>,
  makeBackend: MakeBackend,
  note: (ratio: number) => void,
): Promise<void> {
  for (const requirement of each.requires ?? []) {
    if (backend[requirement] === undefined) throw new NotApplicable(`the backend has no ${requirement}`)
  }
  const others: Backend[] = []
  const context: CaseContext = {
    backend,
    declared,
    note,
    async another() {
      const other = await makeBackend()
      others.push(other)
      return other
    },
  }
  const compositesBefore = fusedCounts(backend)
  const before = await liveBuffers(backend)
  try {
    await each.run(context)
  } catch (error) {
    await Promise.allSettled(others.map((other) => other.dispose()))
    throw error
  }
  for (const other of others) await disposeOther(other)
  const after = await liveBuffers(backend)
  check(after === before, `a leak: ${after} live buffers after the case, ${before} before it`)
  const compositesAfter = fusedCounts(backend)
  for (const name of declared) {
    const composites = (compositesAfter[name]?.composite ?? 0) - (compositesBefore[name]?.composite ?? 0)
    if (composites > 0)
      fail(
        `${name} is declared, but core ran its composite ${composites} time${composites === 1 ? '' : 's'}: supports() refused it`,
      )
  }
}

async function liveBuffers(backend: Backend): Promise<number> {
  await backend.sync()
  return backend.stats().liveBuffers
}

/** Other instances have been made for one case: whatever lives in them has leaked, unless the case disposed of them. */
async function disposeOther(backend: Backend): Promise<void> {
  try {
    await backend.sync()
  } catch {
    // Disposed of, or stopped by the error that the case was about.
    try {
      await backend.dispose()
    } catch (error) {
      if (!hasCode(error, 'E_BACKEND_DISPOSED')) throw error
    }
    return
  }
  const { liveBuffers } = backend.stats()
  await backend.dispose()
  check(liveBuffers === 0, `a leak: ${liveBuffers} live buffers in another instance at the end of the case`)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'CheckFailure' || error.name === 'NotApplicable'
    ? error.message
    : `${error.name}: ${error.message}`
}
