/** The program of a subject's process: prepares tasks, gives outputs, and times runs, as asked. */

import { findSubject } from '../subjects/index.ts'
import type { Implementation, Outputs } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'
import type { ImplementationInfo, Reply, Request } from './protocol.ts'

const implementations: Implementation[] = []

async function prepare(id: string, tasks: readonly Task[]): Promise<ImplementationInfo[]> {
  const subject = findSubject(id)
  const infos: ImplementationInfo[] = []
  for (const [taskIndex, task] of tasks.entries()) {
    for (const implementation of await subject.prepare(task)) {
      const { name, equation, timed } = implementation
      infos.push({ index: implementations.length, taskIndex, name, equation, timed })
      implementations.push(implementation)
    }
  }
  return infos
}

async function timeRuns(implementation: Implementation, minimumMs: number, minimumRuns: number): Promise<number[]> {
  const times: number[] = []
  let total = 0
  do {
    const start = performance.now()
    const running = implementation.run()
    if (running !== undefined) await running
    const time = performance.now() - start
    times.push(time)
    total += time
  } while (total < minimumMs || times.length < minimumRuns)
  return times
}

async function answer(request: Request): Promise<readonly ImplementationInfo[] | Outputs | readonly number[]> {
  if (request.type === 'prepare') return prepare(request.subject, request.tasks)
  const implementation = implementations[request.index]
  if (implementation === undefined) throw new Error(`no implementation ${request.index}`)
  if (request.type === 'outputs') return implementation.outputs()
  return timeRuns(implementation, request.minimumMs, request.minimumRuns)
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
