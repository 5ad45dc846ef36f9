/** Reverse-mode differentiation over the ops of @rnn/core. */
export {}
