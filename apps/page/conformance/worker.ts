// The kit in a worker: runs what the page asks for, and says how far it is.

import { run, type Outcome, type Subject } from './run.ts'

/** What the worker sends: cases done so far, the outcome, or why there is none. */
export type Report = number | Outcome | string

const report = (message: Report): void => postMessage(message)

addEventListener('message', ({ data }: MessageEvent<Subject>) => {
  run(data, (done) => done % 50 === 0 && report(done)).then(report, (error: unknown) => report(String(error)))
})
