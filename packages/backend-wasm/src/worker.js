// The file that threads start from: it lies where bundlers look for it. Its copy in dist points to what the compiler made of the same.

export * from './threads/worker-main.ts'
