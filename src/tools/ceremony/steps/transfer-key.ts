// Step: the HSM shows the certificate to which custodians encrypt their shares.
import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { readCertificate } from '../people.ts';
import { type Step, VERSION } from '../step.ts';

export const TRANSFER_FILE = 'transfer-key.cer';

/** @param path where the HSM shows it: another one while it recovers than while it serves */
export function transferKey(path: string): Step {
  return {
    id: 'transfer-key',
    title: "Fetch the HSM's transfer key",
    needs: 'nothing',
    instruction: () => 'The HSM makes a key for this one transfer, and its certificate is written to this folder.',
    async run(ceremony, _given, service) {
      const answer = (await service.ask('GET', `${path}?${VERSION}`)) as
        | { readonly transfer_key?: unknown }
        | undefined;
      const { x509, person } = readCertificate('the transfer key', certificateIn(answer?.transfer_key));
      const file = await ceremony.keep(TRANSFER_FILE, 'output', x509.toString());
      ceremony.add({
        step: 'transfer-key',
        what: 'file',
        text: `transfer certificate, fingerprint ${groupFingerprint(person.fingerprint)}`,
        file,
        facts: { recipient: person.custodian, 'recipient.fingerprint': person.fingerprint },
      });
      ceremony.add({ step: 'transfer-key', what: 'done', text: 'the HSM showed its transfer key' });
      return `the transfer certificate is in ${ceremony.folder}/${TRANSFER_FILE}`;
    },
  };
}

function certificateIn(jwk: unknown): Buffer {
  const { x5c } = (typeof jwk === 'string' ? JSON.parse(jwk) : (jwk ?? {})) as { readonly x5c?: unknown };
  const first: unknown = Array.isArray(x5c) ? x5c[0] : undefined;
  if (typeof first !== 'string') throw new CeremonyError('the HSM answered without a transfer certificate');
  return Buffer.from(first, 'base64');
}
