// Custodians as a ceremony knows them: by the certificates that they hand in; and the step in which they do.

import type { X509Certificate } from 'node:crypto';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { hexOf, readCertificate, thumbprintOf } from '../../custodian/fingerprint.ts';
import type { Ceremony } from '../ceremony.ts';
import { nextCommand, type Step } from '../step.ts';

export interface Person {
  /** x5t#S256. */
  readonly custodian: string;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  readonly name: string;
}

export const CERTIFICATES = 'certificates';

/** In the order in which their certificates came. @returns with the certificate's file in the ceremony's folder */
export function peopleOf(ceremony: Ceremony): readonly (Person & { readonly file: string })[] {
  return ceremony.of(CERTIFICATES, 'file').map(({ file, facts: { custodian, fingerprint, name } = {} }) => ({
    custodian: custodian ?? '',
    fingerprint: fingerprint ?? '',
    name: name ?? '',
    file: file?.name ?? '',
  }));
}

/** Of those who have handed one in, as they are kept. @throws Refusal */
export function certificatesOf(ceremony: Ceremony): readonly X509Certificate[] {
  return peopleOf(ceremony).map(({ name, file }) => readOwn(name, ceremony.read(file)));
}

function readOwn(name: string, content: Uint8Array): X509Certificate {
  const certificate = readCertificate(name, content);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength ?? 0;
  if (type === 'rsa' && bits >= 2048 && bits <= 8192) return certificate;
  throw new Refusal(`${name}: the certificate must have an RSA key of 2048 to 8192 bits`);
}

export function personOf(certificate: X509Certificate): Person {
  const custodian = thumbprintOf(certificate);
  const subject = certificate.subject ?? '';
  const name = oneLine(/^CN=(.+)$/m.exec(subject)?.[1] ?? subject);
  return { custodian, fingerprint: hexOf(custodian), name };
}

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
      const certificate = readOwn(name, content);
      const person = personOf(certificate);
      const present = peopleOf(ceremony);
      if (present.some(({ custodian }) => custodian === person.custodian)) {
        twice.push(`${name}: is here already, and counts once`);
        continue;
      }
      if (present.length >= expected) throw new Refusal(`${name}: there are ${expected} certificates already`);
      const other = certificatesOf(ceremony).findIndex(({ publicKey }) => publicKey.equals(certificate.publicKey));
      if (other >= 0) {
        const whose = present[other]?.name;
        throw new Refusal(`${name}: has the key of ${whose}; every custodian needs a key of their own`);
      }
      // As it came, so that whoever handed it in finds its hash again.
      const file = await ceremony.keep(`certificates/${person.fingerprint.slice(0, 16)}.cer`, 'input', content);
      const text = `certificate of ${person.name}, ${groupFingerprint(person.fingerprint)}`;
      ceremony.add({ step: CERTIFICATES, what: 'file', text, file, facts: { ...person } });
    }
    const count = peopleOf(ceremony).length;
    if (count < expected) return [...twice, `${count} of ${expected} certificates are here`].join('\n');
    return { done: `${count} certificates`, says: [...twice, `all ${count} certificates are here`].join('\n') };
  },
};
