// @rnn/conformance: the cases that a backend must pass, as data, and what runs them in any host.

export { LEVELS, type CaseContext, type ConformanceCase, type Level, type Requirement } from './case.ts'
export { CASES } from './cases/index.ts'
export { referenceBackend, type ReferenceBackend, type ReferenceOptions } from './reference/backend.ts'
export { supportTable, type CaseResult, type CaseStatus, type Report } from './report.ts'
export {
  openSession,
  runConformance,
  selectCases,
  type ConformanceOptions,
  type MakeBackend,
  type Session,
} from './runner.ts'
export { TOLERANCES, toleranceTable, UNIT_ROUNDOFF, type ToleranceRow } from './tolerances.ts'
