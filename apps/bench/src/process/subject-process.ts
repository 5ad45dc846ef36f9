/** A subject in a process of its own, as the bench sees it. */

import { fork } from 'node:child_process'
import { BenchError } from '../errors.ts'
import type { Exchanges, Reply, RequestType } from './protocol.ts'

/** A running subject. `stop` ends its process; the process also ends by itself when the bench does. */
export interface SubjectProcess {
  /** @throws E_SUBJECT_FAILED when the subject reports an error, its process ends, or there is no answer within the limit: then it is ended */
  ask<Type extends RequestType>(type: Type, request: Exchanges[Type]['request']): Promise<Exchanges[Type]['reply']>
  stop(): void
}

const KEPT_STDERR = 4000

/** Starts a process for a subject; it loads nothing until it is asked to prepare. Each answer may take `limitMs`. */
export function startSubjectProcess(id: string, limitMs: number): SubjectProcess {
  const child = fork(new URL('./subject-main.ts', import.meta.url), [], {
    serialization: 'advanced', // typed arrays as they are
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: process.platform !== 'win32', // a group of its own, so that what it started ends with it
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

  const stop = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      if (process.platform === 'win32') child.kill('SIGKILL')
      else process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended just now.
    }
  }

  return {
    async ask(type, request) {
      const reply = await new Promise<Reply>((resolve) => {
        if (ended !== undefined) {
          resolve({ error: ended })
          return
        }
        const timer = setTimeout(() => {
          ended ??= `it gave no answer to '${type}' within ${limitMs / 1000} s and was ended (--limit sets the seconds)`
          stop()
          resolve({ error: ended })
        }, limitMs)
        settle = (answer) => {
          clearTimeout(timer)
          resolve(answer)
        }
        child.send({ type, ...request }, (error) => {
          if (error !== null) settle?.({ error: error.message })
        })
      })
      settle = undefined
      if ('error' in reply) throw new BenchError('E_SUBJECT_FAILED', `${id}: ${reply.error}`)
      return reply.value as Exchanges[typeof type]['reply'] // the process answers by the protocol
    },
    stop,
  }
}
