/** The program of a subject's process: prepares tasks, gives outputs, and times runs, as asked. */

import { findSubject } from '../subjects/index.ts'
import type { Device, Implementation, OnDevice, Outputs, Probe } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'
import type { ImplementationInfo, PreparedSubject, Reply, Request } from './protocol.ts'
import { timeRuns } from './time-runs.ts'

const prepared: (Implementation | Probe)[] = []
const onDevices: OnDevice[] = []

async function prepare(id: string, tasks: readonly Task[]): Promise<PreparedSubject> {
  const subject = findSubject(id)
  const implementations: ImplementationInfo[] = []
  const add = (each: Implementation | Probe, info: Omit<ImplementationInfo, 'index'>): void => {
    implementations.push({ index: prepared.length, ...info })
    prepared.push(each)
  }
  const addImplementation = (each: Implementation, taskIndex: number): void => {
    const { name, equation, timed } = each
    add(each, { taskIndex, name, equation, timed, probe: null })
  }
  const addProbe = (each: Probe, taskIndex: number): void => {
    const { name, measures, work, unit } = each
    add(each, { taskIndex, name, equation: '', timed: true, probe: { measures, work, unit } })
  }
  let cannot: string | null = null
  let device: Device | null = null
  for (const [taskIndex, task] of tasks.entries()) {
    const preparation = await subject.prepare(task)
    if ('cannot' in preparation) {
      cannot ??= preparation.cannot
    } else if ('device' in preparation) {
      for (const each of preparation.implementations) addImplementation(each, taskIndex)
      if (onDevices.length === 0) for (const each of preparation.probes) addProbe(each, taskIndex)
      onDevices.push(preparation)
      device ??= preparation.device
    } else if ('probes' in preparation) {
      for (const each of preparation.probes) addProbe(each, taskIndex)
    } else {
      for (const each of preparation) addImplementation(each, taskIndex)
    }
  }
  return { implementations, cannot, device }
}

async function answer(request: Request): Promise<PreparedSubject | Outputs | readonly number[] | null> {
  if (request.type === 'prepare') return prepare(request.subject, request.tasks)
  if (request.type === 'dispose') {
    for (const each of onDevices.splice(0)) await each.dispose()
    return null
  }
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
