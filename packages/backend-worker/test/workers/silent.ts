import { parentPort } from 'node:worker_threads'

// A worker of something else: it listens, and knows nothing of backends.
parentPort?.on('message', () => parentPort?.postMessage('what?', []))
