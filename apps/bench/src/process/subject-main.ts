/** The program of a subject's process: prepares tasks, gives outputs, and times runs, as asked. */

import { findSubject } from '../subjects/index.ts'
import type { Implementation, Outputs, Probe } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'
import type { ImplementationInfo, PreparedSubject, Reply, Request } from './protocol.ts'
import { timeRuns } from './time-runs.ts'

const prepared: (Implementation | Probe)[] = []

async function prepare(id: string, tasks: readonly Task[]): Promise<PreparedSubject> {
  const subject = findSubject(id)
  const implementations: ImplementationInfo[] = []
  const add = (each: Implementation | Probe, info: Omit<ImplementationInfo, 'index'>): void => {
    implementations.push({ index: prepared.length, ...info })
    prepared.push(each)
  }
  let cannot: string | null = null
  for (const [taskIndex, task] of tasks.entries()) {
    const preparation = await subject.prepare(task)
    if ('cannot' in preparation) {
      cannot ??= preparation.cannot
    } else if ('probes' in preparation) {
      for (const each of preparation.probes) {
        const { name, work, unit } = each
        add(each, { taskIndex, name, equation: '', timed: true, probe: { work, unit } })
      }
    } else {
      for (const each of preparation) {
        const { name, equation, timed } = each
        add(each, { taskIndex, name, equation, timed, probe: null })
      }
    }
  }
  return { implementations, cannot }
}

async function answer(request: Request): Promise<PreparedSubject | Outputs | readonly number[]> {
  if (request.type === 'prepare') return prepare(request.subject, request.tasks)
  const each = prepared[request.index]
  if (each === undefined) throw new Error(`no implementation ${request.index}`)
  if (request.type === 'run') return timeRuns(each, request)
  if ('outputs' in each) return each.outputs()
  throw new Error(`${each.name} has no outputs`)
}

process.on('message', (request: Request) => {
  const reply = (value: Reply): void => {
    process.send?.(value)
  }
  answer(request).then(
    (value) => reply({ value }),
    (error: unknown) => {
      if (process.env['RNN_DEBUG'] !== undefined && error instanceof Error) console.error(error.stack)
      reply({ error: error instanceof Error ? error.message : String(error) })
    },
  )
})
// The bench is gone: nobody waits for an answer.
process.on('disconnect', () => process.exit())
