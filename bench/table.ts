// Text tables for a terminal, and how numbers are written in them.

/** First column to the left, the others to the right; a column without a name is for remarks. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const width = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 || head[column] === '' ? cell.padEnd(width[column] ?? 0) : cell.padStart(width[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function ms(value: number): string {
  return value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}

export function mib(kib: number): string {
  return (kib / 1024).toFixed(0);
}
