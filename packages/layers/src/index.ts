/** Embedding, recurrent, dense and other layers, containers, and saved models for @rnn. */
export {}
