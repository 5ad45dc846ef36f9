/** Runs the conformance cases as vitest tests. */
export {}
