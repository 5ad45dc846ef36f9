/** Where results and remarks go: results to standard output, as text or as JSON lines, remarks to standard error. */

/** The two channels of a command. */
export interface Output {
  /** True if standard output carries JSON only. */
  readonly json: boolean
  /** A result for people; with `--json`, left out. */
  text(line?: string): void
  /** A result for programs, one JSON line; without `--json`, left out. */
  data(value: object): void
  /** A remark on standard error: what is being done, where something was saved. */
  note(line: string): void
}

/** The channels of this process. */
export function processOutput(json: boolean): Output {
  return {
    json,
    text: (line = '') => {
      if (!json) process.stdout.write(`${line}\n`)
    },
    data: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    note: (line) => {
      process.stderr.write(`${line}\n`)
    },
  }
}
