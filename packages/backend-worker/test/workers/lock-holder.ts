import { parentPort } from 'node:worker_threads'
import { holdLock } from '../../src/life-lock.ts'

parentPort?.on('message', () => {}) // stay alive
parentPort?.postMessage(await holdLock(), [])
