// What came from elsewhere (answers, names of files, logs) is shown at the terminal, and not obeyed by it: no control and format
// characters, nor separators that only some programs take for the end of a line.

/** Lines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]|[\u2028\u2029]/gu, '\u{fffd}');
}

/** One line stays one line. */
export function printableLine(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, '\u{fffd}');
}
