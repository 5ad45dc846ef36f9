/** Training for @rnn: fit, losses, optimisers, schedules, metrics and checkpoints. */
export {}
