/** Command lines for people to copy: they work from the root of a clone, with npm alone. */

/** Gives the command lines of a program: its arguments, quoted where a shell asks for it. */
export function commandLineOf(program: string): (...args: readonly string[]) => string {
  return (...args) => [`npx -y pnpm@12 --silent ${program}`, ...args.map(quoted)].join(' ')
}

function quoted(argument: string): string {
  if (/^[\w./:=@%+,-]+$/.test(argument)) return argument
  return /["$`\\!]/.test(argument) ? `'${argument.replaceAll("'", `'\\''`)}'` : `"${argument}"`
}
