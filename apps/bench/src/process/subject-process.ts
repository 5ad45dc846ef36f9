/** A subject in a process of its own, as the bench sees it. */

import { fork } from 'node:child_process'
import { BenchError } from '../errors.ts'
import type { Exchanges, Reply, RequestType } from './protocol.ts'

/** A running subject. `stop` ends its process; the process also ends by itself when the bench does. */
export interface SubjectProcess {
  /** @throws E_SUBJECT_FAILED when the subject reports an error, or its process ends */
  ask<Type extends RequestType>(type: Type, request: Exchanges[Type]['request']): Promise<Exchanges[Type]['reply']>
  stop(): void
}

const KEPT_STDERR = 4000

/** Starts a process for a subject; it loads nothing until it is asked to prepare. */
export function startSubjectProcess(id: string): SubjectProcess {
  const child = fork(new URL('./subject-main.ts', import.meta.url), [], {
    serialization: 'advanced', // typed arrays as they are
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let settle: ((reply: Reply) => void) | undefined
  let ended: string | undefined
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR)
  })
  child.on('message', (reply: Reply) => settle?.(reply))
  const end = (how: string): void => {
    const lastLine = stderr.trim().split('\n').at(-1) ?? ''
    ended ??= `its process ${how}${lastLine === '' ? '' : `: ${lastLine}`}`
    settle?.({ error: ended })
  }
  child.on('error', (error) => end(`failed (${error.message})`))
  child.on('close', (code, signal) => end(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`))

  return {
    async ask(type, request) {
      const reply = await new Promise<Reply>((resolve) => {
        if (ended !== undefined) {
          resolve({ error: ended })
          return
        }
        settle = resolve
        child.send({ type, ...request }, (error) => {
          if (error !== null) resolve({ error: error.message })
        })
      })
      settle = undefined
      if ('error' in reply) throw new BenchError('E_SUBJECT_FAILED', `${id}: ${reply.error}`)
      return reply.value as Exchanges[typeof type]['reply'] // the process answers by the protocol
    },
    stop() {
      child.kill()
    },
  }
}
