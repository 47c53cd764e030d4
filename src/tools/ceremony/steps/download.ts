// Step: the HSM splits its domain over the custodians. If this is cut off, it is done again: the HSM makes a new file for
// the same custodians, and the one that nobody wrote down is of no use to anyone.
import { createHash } from 'node:crypto';
import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { parseSecurityDomain } from '../../../formats/security-domain.ts';
import type { Ceremony } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { peopleOf, readCertificate } from '../people.ts';
import { type Step, VERSION } from '../step.ts';

export const DOMAIN_FILE = 'security-domain.json';

export const download: Step = {
  id: 'download',
  title: 'Split the security domain over the custodians',
  needs: 'nothing',
  instruction: () => 'The HSM splits its root keys over the certificates, and the file is written to this folder.',
  async run(ceremony, _given, service) {
    const { required = 2 } = ceremony.settings;
    ceremony.add({ step: 'download', what: 'begun', text: 'the HSM was asked to split its domain' });
    const answer = (await service.ask('POST', `/securitydomain/download?${VERSION}`, {
      certificates: certificatesOf(ceremony),
      required,
    })) as { readonly value?: unknown } | undefined;
    if (typeof answer?.value !== 'string') throw new CeremonyError('the HSM answered without a security domain');
    const document = answer.value;
    checkSplit(document, ceremony, required);
    const file = await ceremony.keep(DOMAIN_FILE, 'output', document);
    const domain = createHash('sha256').update(document, 'utf8').digest('base64url');
    ceremony.add({
      step: 'download',
      what: 'file',
      text: `security domain, SHA-256 ${groupFingerprint(file.sha256)}`,
      file,
      facts: { domain },
    });
    ceremony.add({
      step: 'download',
      what: 'done',
      text: `split over ${peopleOf(ceremony).length}, ${required} needed`,
    });
    return `the security domain is in ${ceremony.folder}/${DOMAIN_FILE}: give every custodian a copy`;
  },
};

/** JWKs as every client sends them. */
export function certificatesOf(ceremony: Ceremony): readonly object[] {
  return peopleOf(ceremony).map(({ name, file, custodian }) => {
    const { x509 } = readCertificate(name, ceremony.read(file ?? ''));
    const { n, e } = x509.publicKey.export({ format: 'jwk' });
    return {
      kty: 'RSA',
      n,
      e,
      alg: 'RSA-OAEP-256',
      key_ops: ['verify', 'encrypt', 'wrapKey'],
      x5c: [x509.raw.toString('base64')],
      'x5t#S256': custodian,
    };
  });
}

/** Whoever answered must have split it over these people and no others. */
function checkSplit(document: string, ceremony: Ceremony, required: number): void {
  const { SharedKeys: shared } = parseSecurityDomain(document);
  const given = shared.enc_shares.map(({ x5t_256 }) => x5t_256);
  const asked = peopleOf(ceremony).map(({ custodian }) => custodian);
  if (given.toSorted().join() !== asked.toSorted().join() || shared.required !== required) {
    throw new CeremonyError('the HSM answered with a domain of other custodians or another quorum');
  }
}
