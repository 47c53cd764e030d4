// Steps: a fingerprint is read back. Somebody reads it from a place of their own - paper, another screen, a telephone - and
// it is typed and compared; what does not match is an exception that stays in the record. Whoever typed it is never told
// the right one: they would type that, and nobody would have read anything back.

import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { oneLine } from '../../../formats/printable.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { parseFingerprint } from '../../custodian/fingerprint.ts';
import type { Ceremony } from '../ceremony.ts';
import { afterTries, type Done, FAILED_TRIES, nextCommand, noteCommand, type Step } from '../step.ts';
import { type Person, peopleOf } from './certificates.ts';

export const readBackCertificates: Step = {
  id: 'read-back',
  title: "Read the certificates' fingerprints back",
  needs: 'value',
  instruction: (ceremony) =>
    'Each custodian reads the fingerprint of their certificate from their own machine or paper (not from this one), and it ' +
    `is typed here. Missing: ${namesMissing(ceremony)}. Give what they read with ` +
    `${nextCommand(ceremony, '--value "XXXX XXXX ..."')}, --value once for each.`,
  async run(ceremony, { values }) {
    for (const value of values) {
      const typed = requireFingerprint(value);
      const person = peopleOf(ceremony).find(({ fingerprint }) => fingerprint === typed);
      if (person === undefined) {
        throw new Refusal(
          `no certificate of this ceremony has the fingerprint that was read (${mismatch(ceremony, 'read-back', typed)}): ` +
            'a certificate was exchanged, or one digit was misread. Have the custodian read it again from their own machine ' +
            `or paper; if it stays so, note it with ${noteCommand(ceremony)}, and begin anew with certificates you trust`,
        );
      }
      if (!missingIn(ceremony).some(({ custodian }) => custodian === person.custodian)) continue;
      ceremony.add({
        step: 'read-back',
        what: 'read-back',
        text: `${person.name} read ${groupFingerprint(typed)}`,
        facts: { 'read-back': person.custodian },
      });
    }
    if (missingIn(ceremony).length > 0) return `not yet read back: ${namesMissing(ceremony)}`;
    return over(ceremony, 'read-back', 'every fingerprint matches');
  },
  withheld: (ceremony) => missingIn(ceremony).map(({ fingerprint }) => fingerprint),
};

/**
 * One fingerprint that the service has told.
 * @param fact under which it is known, hex
 * @param again where it has to be read once more when it differs
 */
export function readBackOne({
  id,
  title,
  fact,
  again,
  instruction,
}: Pick<Step, 'id' | 'title' | 'instruction'> & { readonly fact: string; readonly again: string }): Step {
  return {
    id,
    title,
    needs: 'value',
    instruction: (ceremony) =>
      `${instruction(ceremony)} Give what was read with ${nextCommand(ceremony, '--value "XXXX XXXX ..."')}.`,
    async run(ceremony, { values }) {
      const expected = ceremony.requireFact(fact);
      const [value] = values;
      if (value === undefined) throw new Refusal('nothing was typed');
      const typed = requireFingerprint(value);
      if (typed !== expected) {
        throw new Refusal(
          `the fingerprint that was read is not the one that the HSM told (${mismatch(ceremony, id, typed)}): ` +
            `have it read again ${again}; if it stays so, stop, and note it with ${noteCommand(ceremony)}`,
        );
      }
      ceremony.add({ step: id, what: 'read-back', text: `read ${groupFingerprint(typed)}` });
      return over(ceremony, id, 'the fingerprint matches');
    },
    withheld(ceremony) {
      const expected = ceremony.fact(fact);
      return expected === undefined ? [] : [expected];
    },
  };
}

function missingIn(ceremony: Ceremony): readonly Person[] {
  const read = new Set(ceremony.of('read-back', 'read-back').map(({ facts }) => facts?.['read-back']));
  return peopleOf(ceremony).filter(({ custodian }) => !read.has(custodian));
}

function namesMissing(ceremony: Ceremony): string {
  return missingIn(ceremony)
    .map(({ name }) => name)
    .join(', ');
}

function requireFingerprint(value: string): string {
  const typed = parseFingerprint(value);
  if (typed !== undefined) return typed;
  throw new Refusal(`'${oneLine(value)}' is not a fingerprint: 64 digits of 0-9 and a-f, in groups or not`);
}

/** @returns which failed try it was, for the person who typed it */
function mismatch(ceremony: Ceremony, step: string, typed: string): string {
  const failed = `failed try ${ceremony.of(step, 'mismatch').length + 1}`;
  const text = `${failed}: what was read matches nothing: ${groupFingerprint(typed)}`;
  ceremony.add({ step, what: 'mismatch', text });
  return `${failed}, which is in the record`;
}

/** How often it was tried in vain stands with the step, so that a match after many tries is not taken for one at sight. */
function over(ceremony: Ceremony, step: string, text: string): Done {
  const failed = ceremony.of(step, 'mismatch').length;
  return failed === 0
    ? { done: text }
    : { done: `${text}, ${afterTries(failed)}`, facts: { [FAILED_TRIES]: String(failed) } };
}
