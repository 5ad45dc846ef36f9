// Rows as comma-separated values, RFC 4180.

/** Lines end in CRLF; fields with commas, quotes or line ends are quoted. Missing cells are empty. */
export function toCsv(columns: readonly string[], rows: readonly Readonly<Record<string, number>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))]
  return lines.map((fields) => `${fields.map(quote).join(',')}\r\n`).join('')
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
