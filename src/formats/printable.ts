// How text of somebody else (answers, names of files, logs) is shown: it is read, and not obeyed. What steers whoever shows it
// is all control and format characters (the directions of writing among them), the separators that only some programs take for
// the end of a line, and halves of surrogate pairs. The two joiners stay: Persian and Hindi are spelled with them.
// No other file has a class of its own for this.

const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;
const MORE_THAN_A_LINE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Lines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(STEERING, (steers) => (steers === '\n' || steers === '\t' ? steers : '\u{fffd}'));
}

/** One line stays one line. */
export function printableLine(text: string): string {
  return text.replaceAll(STEERING, '\u{fffd}');
}

/** What an error or a person said, made one line of at most so many characters. */
export function oneLine(text: string, max = 1000): string {
  return text.slice(0, max).replaceAll(STEERING, ' ').trim();
}

/**
 * JSON of the same value, ending in a line end: what steers stands in it as `\uXXXX`.
 * @param indent 0: all of it on one line
 */
export function printableJson(value: unknown, indent: 0 | 2 = 2): string {
  const json = JSON.stringify(value, null, indent);
  return `${json.replaceAll(STEERING, (steers) => (steers === '\n' ? steers : escaped(steers)))}\n`;
}

/** Whether it may be taken as a name, a note or a reason: it is one line, and turns no direction of writing. */
export function isOneLine(text: string): boolean {
  return !MORE_THAN_A_LINE.test(text);
}

/** One escape for each unit: JSON has no other spelling of what lies beyond 16 bits. */
function escaped(text: string): string {
  return text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
