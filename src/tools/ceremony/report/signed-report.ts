// A signed report: the text, a rule, and the domain key's statement about the text. Verified offline, with nothing but the
// file and the domain fingerprint that people know.

import { fromBase64url, toBase64url } from '../../../formats/base64url.ts';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { NoteError } from '../../../formats/signed-note.ts';
import { verifyStatement } from '../../../formats/verify-statement.ts';
import { htmlOf, markdownIn } from './html.ts';

export interface Signature {
  readonly note: string;
  /** Raw, base64url. */
  readonly domainKey: string;
}

const RULE = '\n---\n\nEverything above this rule is signed by the key of the security domain:\n\n```\n';
const KEY = '```\n\nPublic key of the security domain: `';

export function joinReport(text: string, { note, domainKey }: Signature): string {
  return `${text}${RULE}${note}${KEY}${domainKey}\`\n`;
}

/** @param report Markdown or HTML @throws Refusal saying what is not so */
export function verifyReport(report: string) {
  const isHtml = report.startsWith('<!doctype html>');
  const markdown = isHtml ? markdownIn(report) : report;
  const { text, note, domainKey } = splitReport(markdown);
  orThrow(
    () => verifyStatement(note, 'ceremony', Buffer.from(text, 'utf8'), domainKey),
    (cause) => new Refusal(`the report is not as it was signed: ${cause.message}`, { cause }),
    NoteError,
  );
  // What is signed is the Markdown; what is shown must be the same.
  if (isHtml && htmlOf(markdown) !== report) {
    throw new Refusal('the page shows something else than the signed report in it: it was changed');
  }
  return {
    id: cellIn(text, 'ceremony'),
    kind: cellIn(text, 'kind'),
    instance: cellIn(text, 'HSM'),
    complete: cellIn(text, 'complete') === 'yes',
    /** Hex, of the key that signed. */
    domainFingerprint: domainFingerprint(domainKey),
    journalHead: cellIn(text, 'journal, SHA-256 of the last line'),
    began: cellIn(text, 'began'),
    ended: cellIn(text, 'ended'),
  };
}

function splitReport(markdown: string) {
  const rule = markdown.lastIndexOf(RULE);
  const key = markdown.lastIndexOf(KEY);
  if (rule < 0 || key < rule + RULE.length) throw new Refusal('this is not a signed report of a ceremony');
  const text = markdown.slice(0, rule);
  const note = markdown.slice(rule + RULE.length, key);
  const encoded = markdown.slice(key + KEY.length, -2);
  const domainKey = orThrow(
    () => fromBase64url(encoded),
    (cause) => new Refusal('the public key in the report does not read', { cause }),
  );
  // What parses prints back to the same bytes, so nothing is hidden between the parts.
  if (domainKey.length !== 32 || joinReport(text, { note, domainKey: toBase64url(domainKey) }) !== markdown) {
    throw new Refusal('the signature of the report is malformed');
  }
  return { text, note, domainKey };
}

/** Of the first table, which no text of people can be part of. */
function cellIn(text: string, name: string): string {
  const line = text.split('\n').find((each) => each.startsWith(`| ${name} | `));
  return (line ?? '').slice(`| ${name} | `.length, -2).replaceAll(/\\(.)/g, '$1');
}
