// Step: the certificates of those who will hold shares are handed in.

import { ownCommand } from '../../../formats/own-command.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { nextCommand } from '../named-commands.ts';
import { CERTIFICATES, peopleOf, personLine, readCertificate } from '../people.ts';
import type { Step } from '../step.ts';

export const certificates: Step = {
  id: CERTIFICATES,
  title: "Collect the custodians' certificates",
  needs: 'files',
  instruction(ceremony) {
    const missing = (ceremony.settings.custodians ?? 0) - peopleOf(ceremony).length;
    return (
      `Each custodian makes a key pair on a machine of their own ('${ownCommand('custodian keygen --name NAME')}') and hands ` +
      `over the certificate only. Missing: ${missing}. Give them with ${nextCommand(ceremony, '--file NAME.cer')}, --file once ` +
      'for each.'
    );
  },
  async run(ceremony, { files }) {
    const expected = ceremony.settings.custodians ?? 0;
    const twice: string[] = [];
    for (const { name, content } of files) {
      const { x509, person } = readCertificate(name, content);
      const present = peopleOf(ceremony);
      if (present.some(({ custodian }) => custodian === person.custodian)) {
        twice.push(`${name}: is here already, and counts once`);
        continue;
      }
      if (present.length >= expected) throw new CeremonyError(`${name}: there are ${expected} certificates already`);
      for (const other of present) {
        const { x509: known } = readCertificate(other.name, ceremony.read(other.file ?? ''));
        if (known.publicKey.equals(x509.publicKey)) {
          throw new CeremonyError(`${name}: has the key of ${other.name}; every custodian needs a key of their own`);
        }
      }
      // As it came, so that whoever handed it in finds its hash again.
      const file = await ceremony.keep(`certificates/${person.fingerprint.slice(0, 16)}.cer`, 'input', content);
      const { custodian, fingerprint } = person;
      ceremony.add({
        step: CERTIFICATES,
        what: 'file',
        text: `certificate of ${personLine(person)}`,
        file,
        facts: { custodian, fingerprint, name: person.name },
      });
    }
    const count = peopleOf(ceremony).length;
    if (count < expected) return [...twice, `${count} of ${expected} certificates are here`].join('\n');
    ceremony.add({ step: CERTIFICATES, what: 'done', text: `${count} certificates` });
    return [...twice, `all ${count} certificates are here`].join('\n');
  },
};
