// What a custodian consents to when they give their share away, in words, before it is done.
import { Refusal } from '../../formats/refusal.ts';
import { parseSecurityDomain } from '../../formats/security-domain.ts';
import { groupedHash } from './fingerprint.ts';
import type { OwnShare } from './own-share.ts';
import type { NamedSuccessors, Purpose } from './packets.ts';
import type { Recipient } from './recipient.ts';

interface Consent {
  readonly purpose: Purpose;
  readonly file: string;
  readonly document: string;
  readonly own: OwnShare;
  readonly recipient: Recipient;
  /** The end of the fingerprint is left for the custodian to fill in, who must have it from somewhere else. */
  readonly hideEnd: boolean;
  readonly named: NamedSuccessors | undefined;
}

const MEANINGS: Readonly<Record<Purpose, string>> = {
  recover: 'recover: another HSM takes over this security domain, and with it every key in its backups',
  reshare: 'reshare: the security domain is split anew, for the successors below and nobody else',
  unlock: 'unlock: a sealed HSM starts',
};

/** Label and text of each line; without a text it is none. */
export function consentRows({ purpose, file, document, own, recipient, hideEnd, named }: Consent) {
  const rows: [label: string, text: string | undefined][] = [
    ['purpose', MEANINGS[purpose]],
    ['file', file],
    ['its SHA-256', groupedHash(own.domain)],
    ['seal of', sealOf(document)],
    ['your share', `number ${own.number} of ${own.shares}; ${own.required} are needed`],
    ['recipient', `${recipient.name}, as it calls itself`],
    ['fingerprint', hideEnd ? `${recipient.fingerprint.slice(0, -9)}.... ....` : recipient.fingerprint],
  ];
  if (named !== undefined) {
    const { required, thumbprints } = named.successors;
    rows.push(['successors', `${required} of ${thumbprints.length} will be needed`]);
    for (const each of thumbprints) rows.push(['', `${named.names.get(each) ?? ''}:`], ['', groupedHash(each)]);
  }
  return rows;
}

/** A share of a security domain is not given to unlock a start, nor the other way round. @throws Refusal */
export function checkPurpose(purpose: Purpose, document: string, own: Pick<OwnShare, 'isOfSeal'>): void {
  const isDomain = parseSecurityDomain(document).EncData.data.length > 0;
  if (isDomain === own.isOfSeal) {
    throw new Refusal(
      'the share is not of what the file looks like: somebody made a domain file look like the list of a seal, or the ' +
        'other way round. Give nothing away, and tell the other custodians',
    );
  }
  if (purpose === 'unlock' && isDomain) {
    throw new Refusal('this is a security-domain file: to unlock a start, give the share list of its seal');
  }
  if (purpose !== 'unlock' && !isDomain) {
    throw new Refusal(`this is the share list of a seal: to ${purpose}, give the security-domain file`);
  }
}

/** Name of the instance in the share list of a seal; a claim of the file. */
function sealOf(document: string): string | undefined {
  const { strongroom_seal: seal } = JSON.parse(document) as { readonly strongroom_seal?: { instanceName?: unknown } };
  return typeof seal?.instanceName === 'string' ? JSON.stringify(seal.instanceName).slice(1, -1) : undefined;
}
