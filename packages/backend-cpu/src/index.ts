/** Plain TypeScript kernels for @rnn: the readable reference backend, and fast for what it is. */
export {}
