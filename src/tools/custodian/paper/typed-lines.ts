// Bytes as lines that a person can copy from paper: digits and capital letters without I, L, O and U, in groups of five,
// each line with four check letters of its own, so that a slip is found in its line and not at the end.

import { createHash } from 'node:crypto';
import { Refusal } from '../../../formats/refusal.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 40 characters. */
const LINE_BYTES = 25;
const GROUP = 5;

/** `07  ABCDE … FGHJK  7QX2`, and at the end `sum 33  ` with a check over everything. */
export function toLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const number = lines.length + 1;
    const text = encode(bytes.subarray(at, at + LINE_BYTES));
    lines.push(`${String(number).padStart(2, '0')}  ${grouped(text)}  ${checkOf(number, text)}`);
  }
  return [...lines, `sum ${lines.length}  ${grouped(sumOf(bytes))}`];
}

/**
 * Lines in any order, among other text; small letters, O for 0, I and L for 1 and other spacing do not matter.
 * @throws Refusal that says of each line what is wrong with it
 */
export function fromLines(text: string): Buffer {
  const lines = new Map<number, string>();
  const problems: string[] = [];
  let sum: { readonly count: number; readonly text: string } | undefined;
  for (const row of text.split(/\r?\n/)) {
    const last = /^\s*sum\s+(\d{1,3})\s+(.+)$/i.exec(row);
    if (last !== null) sum = { count: Number(last[1]), text: normal(last[2] as string) };
    const match = /^\s*(\d{2,3})\s+(\S.*)$/.exec(row);
    if (match === null) continue;
    const number = Number(match[1]);
    const typed = normal(match[2] as string);
    if (lines.has(number) && lines.get(number) !== typed)
      problems.push(`line ${two(number)} is there twice, not the same`);
    lines.set(number, typed);
  }
  if (lines.size === 0) throw new Refusal('there is no line of a paper copy in this file: lines begin like "01  "');
  if (sum === undefined) problems.push('the last line, which begins with "sum", is missing');
  const count = sum?.count ?? Math.max(...lines.keys());
  const parts: Buffer[] = [];
  for (let number = 1; number <= count; number++) {
    const line = lines.get(number);
    const problem = line === undefined ? 'is missing' : problemOf(number, line, number === count);
    if (problem === undefined) parts.push(decode((line as string).slice(0, -4)));
    else problems.push(`line ${two(number)} ${problem}`);
  }
  for (const number of lines.keys())
    if (number < 1 || number > count) problems.push(`line ${two(number)} is one too many`);
  if (problems.length > 0) throw new Refusal(problems.join('\n'));
  const bytes = Buffer.concat(parts);
  if (sumOf(bytes) !== sum?.text) {
    throw new Refusal(
      'each line is right in itself, but the sum is not: compare the line "sum", or lines of two papers were mixed',
    );
  }
  return bytes;
}

function problemOf(number: number, typed: string, isLast: boolean): string | undefined {
  const strange = [...typed].find((letter) => !ALPHABET.includes(letter));
  if (strange !== undefined) return `has '${strange}', which is in no paper copy (U is V, or 0 is missing its stroke)`;
  const whole = (LINE_BYTES * 8) / GROUP + 4;
  if (isLast ? typed.length < 6 || typed.length > whole : typed.length !== whole) {
    const expected = isLast ? `at most ${whole}` : `${whole}`;
    return `has ${typed.length} characters instead of ${expected}: a character or a group was left out or typed twice`;
  }
  const text = typed.slice(0, -4);
  const check = typed.slice(-4);
  if (checkOf(number, text) === check && encode(decode(text)) === text) return undefined;
  const guess = guessOf(number, text, check);
  return `does not match its check letters ${check}: compare it with the paper${guess === undefined ? '' : ` (${guess}?)`}`;
}

/** The one slip that would explain the check letters: a wrong character, or two neighbours exchanged. */
function guessOf(number: number, text: string, check: string): string | undefined {
  const guesses: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const where = `group ${Math.floor(at / GROUP) + 1}, character ${(at % GROUP) + 1}`;
    for (const letter of ALPHABET) {
      if (letter === text[at]) continue;
      if (checkOf(number, text.slice(0, at) + letter + text.slice(at + 1)) === check) {
        guesses.push(`${where}: ${letter} instead of ${text[at]}`);
      }
    }
    const [one = '', two = ''] = [text[at], text[at + 1]];
    const swapped = text.slice(0, at) + two + one + text.slice(at + 2);
    if (one !== two && two !== '' && checkOf(number, swapped) === check)
      guesses.push(`${where} and the next exchanged`);
  }
  return guesses.length === 1 ? guesses[0] : undefined;
}

function checkOf(number: number, text: string): string {
  return encode(createHash('sha256').update(`strongroom paper line ${number} ${text}`).digest()).slice(0, 4);
}

function sumOf(bytes: Uint8Array): string {
  return encode(createHash('sha256').update('strongroom paper sum ').update(bytes).digest().subarray(0, 10));
}

/** Base 32 with the alphabet of Crockford; spare bits are zero. */
function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= GROUP; bits -= GROUP) text += ALPHABET[(value >> (bits - GROUP)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(value << (GROUP - bits)) & 31];
}

function decode(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    value = ((value << GROUP) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += GROUP;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

function normal(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
}

function grouped(text: string): string {
  return text.replace(/(.{5})(?=.)/g, '$1 ');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
