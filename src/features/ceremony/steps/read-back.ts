// Steps: a fingerprint is read back. Somebody reads it from a place of their own - paper, another screen, a telephone - and
// it is typed and compared; what does not match is an exception that stays in the record.
import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { optionWords, ownCommand } from '../../../wire/own-command.ts';
import type { Ceremony } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { normalFingerprint, oneLine, type Person, peopleOf } from '../people.ts';
import type { Step } from '../step.ts';

export const readBackCertificates: Step = {
  id: 'read-back',
  title: "Read the certificates' fingerprints back",
  needs: 'value',
  instruction: (ceremony) =>
    'Each custodian reads the fingerprint of their certificate from their own machine or paper (not from this one), and it ' +
    `is typed here. Missing: ${missingIn(ceremony)
      .map(({ name }) => name)
      .join(', ')}. Give what they read with --value 'XXXX XXXX ...', once for each.`,
  async run(ceremony, { values }) {
    for (const value of values) {
      const typed = requireFingerprint(value);
      const person = peopleOf(ceremony).find(({ fingerprint }) => fingerprint === typed);
      if (person === undefined) {
        mismatch(ceremony, 'read-back', typed);
        throw new CeremonyError(
          'no certificate of this ceremony has the fingerprint that was read: a certificate was exchanged, or one digit was ' +
            `misread. Read it again; if it stays so, note it with '${noteCommand(ceremony)}', and begin anew with certificates you trust`,
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
    const missing = missingIn(ceremony);
    if (missing.length > 0) return `not yet read back: ${missing.map(({ name }) => name).join(', ')}`;
    ceremony.add({ step: 'read-back', what: 'done', text: 'every fingerprint matches' });
    return 'every fingerprint matches';
  },
};

/** One fingerprint that the service has told. @param fact under which it is known, hex */
export function readBackOne(
  id: string,
  title: string,
  fact: string,
  instruction: (ceremony: Ceremony) => string,
): Step {
  return {
    id,
    title,
    needs: 'value',
    instruction: (ceremony) => `${instruction(ceremony)} Give what was read with --value 'XXXX XXXX ...'.`,
    async run(ceremony, { values }) {
      const expected = ceremony.requireFact(fact);
      for (const value of values) {
        const typed = requireFingerprint(value);
        if (typed !== expected) {
          mismatch(ceremony, id, typed);
          throw new CeremonyError(
            `the fingerprint that was read is not the one that the HSM told (${groupFingerprint(expected)}): read it again; ` +
              `if it stays so, stop, and note it with '${noteCommand(ceremony)}'`,
          );
        }
        ceremony.add({ step: id, what: 'read-back', text: `read ${groupFingerprint(typed)}` });
        ceremony.add({ step: id, what: 'done', text: 'the fingerprint matches' });
        return 'the fingerprint matches';
      }
      throw new CeremonyError('nothing was typed');
    },
  };
}

function missingIn(ceremony: Ceremony): readonly Person[] {
  const read = new Set(ceremony.of('read-back', 'read-back').map(({ facts }) => facts?.['read-back']));
  return peopleOf(ceremony).filter(({ custodian }) => !read.has(custodian));
}

function noteCommand({ folder }: Ceremony): string {
  return ownCommand(`ceremony note TEXT${optionWords({ folder })}`);
}

function requireFingerprint(value: string): string {
  const typed = normalFingerprint(value);
  if (/^[0-9a-f]{64}$/.test(typed)) return typed;
  throw new CeremonyError(`'${oneLine(value)}' is not a fingerprint: 64 digits of 0-9 and a-f, in groups or not`);
}

function mismatch(ceremony: Ceremony, step: string, typed: string): void {
  ceremony.add({ step, what: 'mismatch', text: `what was read matches nothing: ${groupFingerprint(typed)}` });
}
