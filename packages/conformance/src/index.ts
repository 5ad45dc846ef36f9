/** The kit that any @rnn backend author runs against a backend. */
export {}
