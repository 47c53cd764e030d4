// One text for one policy: members sorted, no white space, one spelling of a condition. It is what is stored, shown and
// hashed, so that how a policy was written down has no meaning.
import { findRepeatedMember } from '../repeated-member.ts';
import { inOneForm, PolicyError } from './grammar.ts';

/** Bytes of a policy as it is sent. */
export const MAX_POLICY = 10 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One that two readers could take for two policies is none. @throws PolicyError */
export function parsePolicyText(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_POLICY) throw new PolicyError(`policy: is larger than ${MAX_POLICY} bytes`);
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    // Parsers quote what they were given; the policy's owner knows it.
    throw new PolicyError('policy: is not JSON in UTF-8');
  }
  const twice = findRepeatedMember(text);
  if (twice === undefined) return value;
  throw new PolicyError(`policy: has the member '${twice.slice(0, 64)}' twice in one object`);
}

/** @param value as `JSON.parse` gives it, and read by the grammar, which bounds its depth */
export function canonicalText(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(inOneForm(value as Readonly<Record<string, unknown>>)).map(
    ([name, member]): [string, unknown] => [name, sorted(member)],
  );
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
