/** Command lines for people to copy: they work from the root of a clone, with npm alone. */

/** The program with these arguments, quoted where a shell asks for it. */
export function commandLine(...args: readonly string[]): string {
  return ['npx -y pnpm@12 --silent text-classification', ...args.map(quoted)].join(' ')
}

function quoted(argument: string): string {
  if (/^[\w./:=@%+,-]+$/.test(argument)) return argument
  return /["$`\\!]/.test(argument) ? `'${argument.replaceAll("'", `'\\''`)}'` : `"${argument}"`
}
