// @rnn/backend-worker: any backend in a worker, behind the same contract. The worker's side is `@rnn/backend-worker/serve`.

export { remote, type RemoteOptions } from './remote.ts'
export type { NodeWorkerLike, WebWorkerLike, WorkerLike } from './link.ts'
