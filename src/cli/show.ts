// How what a command found is laid out for a person.
import { printableLine } from '../formats/printable.ts';

/** Rows below headings, each column as wide as its widest; nothing in them makes a line or a column of its own. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = [headings, ...rows].map((cells) => cells.map(printableLine));
  const widths = headings.map((_, i) => Math.max(...shown.map((cells) => cells[i]?.length ?? 0)));
  return shown
    .map(
      (cells) =>
        `${cells
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** A line for each that has a text: its label, as wide as said, and the text. */
export function labelled(
  rows: readonly (readonly [label: string, text: string | undefined])[],
  width: number,
  indent = '',
): string {
  return rows
    .filter((row) => row[1] !== undefined)
    .map(([label, text = '']) => `${indent}${label.padEnd(width)}${printableLine(text)}\n`)
    .join('');
}
