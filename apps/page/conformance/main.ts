// The page of the conformance kit: runs it as the address says, and lists what failed.

import { remote } from '@rnn/backend-worker'
import { element } from '../src/view.ts'
import { run, type Outcome, type Subject } from './run.ts'
import type { Report } from './worker.ts'

const summary = element('summary', HTMLElement)
const failures = element('failures', HTMLElement)
const address = new URLSearchParams(location.search)
const subject: Subject = {
  backend: address.get('backend') ?? 'wasm',
  threads: Number(address.get('threads') ?? 1),
}

const progress = (done: number): void => {
  summary.textContent = `${done} cases …`
}

function runInWorker(): Promise<Outcome> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  return new Promise((resolve, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message || 'the worker could not be loaded')))
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      if (typeof data === 'number') progress(data)
      else if (typeof data === 'string') reject(new Error(data))
      else resolve(data)
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    worker.postMessage(subject)
  })
}

const runRemotely = (): Promise<Outcome> =>
  run(subject, progress, () =>
    remote(new Worker(new URL('../src/worker.js', import.meta.url), { type: 'module' }), { options: subject }),
  )

function runAsAsked(): Promise<Outcome> {
  switch (address.get('place')) {
    case 'worker':
      return runInWorker()
    case 'remote':
      return runRemotely()
    default:
      return run(subject, progress)
  }
}

try {
  const outcome = await runAsAsked()
  const { passed, failed, unsupported } = outcome.counts
  summary.textContent = `${outcome.device}${outcome.software ? ', in software' : ''}, threads: ${outcome.threads}. ${passed} passed, ${failed} failed, ${unsupported} unsupported.`
  failures.append(...outcome.failures.map((text) => Object.assign(document.createElement('li'), { textContent: text })))
  document.body.dataset['outcome'] = JSON.stringify(outcome)
  document.body.dataset['state'] = 'done'
} catch (error) {
  summary.textContent = String(error)
  document.body.dataset['state'] = 'failed'
}
