// What is inside a part before it is sealed: lines of JSON, `{name, value}`. Parts are of bounded size, so that writing and
// reading a backup takes memory for a few of them, however many there are.
import { BackupError } from './backup-error.ts';

export interface Line {
  /** Of a key part: the key's name, lower case; several lines in a row may have the same. Of a record part: the record's. */
  readonly name: string;
  readonly value: string;
}

/** A part is closed once it is this long; with the longest line it stays within what the module seals. */
const ENOUGH = 1024 * 1024;
const LONGEST_LINE = 2.5 * 1024 * 1024;

/** Gathers lines and hands over the contents of parts. */
export class PartGatherer {
  #lines: string[] = [];
  #length = 0;

  /** @returns the content of a part, when it is full @throws BackupError TooLarge */
  add({ name, value }: Line): Buffer | undefined {
    const line = `${JSON.stringify({ name, value })}\n`;
    const length = Buffer.byteLength(line);
    if (length > LONGEST_LINE) throw new BackupError('TooLarge', `'${name}' has more than a part of a backup can hold`);
    this.#lines.push(line);
    this.#length += length;
    return this.#length < ENOUGH ? undefined : this.end();
  }

  /** What is left; undefined when nothing is. */
  end(): Buffer | undefined {
    if (this.#lines.length === 0) return undefined;
    const content = Buffer.from(this.#lines.join(''), 'utf8');
    this.#lines = [];
    this.#length = 0;
    return content;
  }
}

/** The content is authentic: what does not read was written by another release. @throws BackupError UnknownFormat */
export function readLines(part: string, content: Uint8Array): Line[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    if (!text.endsWith('\n')) throw new Error('it does not end with a line');
    return text.slice(0, -1).split('\n').map(readLine);
  } catch (cause) {
    throw new BackupError('UnknownFormat', `${part} is authentic, but does not read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function readLine(line: string): Line {
  const { name, value, ...rest } = Object(JSON.parse(line)) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof value !== 'string' || Object.keys(rest).length > 0) {
    throw new Error('a line is not a name with a value');
  }
  return { name, value };
}
