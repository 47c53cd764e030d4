// How what a command found is laid out for a person.
import { printableLine } from '../formats/printable.ts';

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
