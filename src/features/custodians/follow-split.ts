// The register follows every split of the security domain, in the commit that records it: who is new, who stays, who left.
import { X509Certificate } from 'node:crypto';
import { parseSecurityDomain } from '../../formats/security-domain.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { DomainSplit } from '../part.ts';
import { type Holder, holderKind, subjectOf } from './holder.ts';
import type { CustodianRegister } from './register.ts';
import { digestOf, type Split, splitKind } from './split.ts';

/** @param at ISO time */
export function planSplit(register: CustodianRegister, split: DomainSplit, at: string): readonly Change[] {
  const { by, required, thumbprints, document } = split;
  const seen = document === undefined ? undefined : seenIn(document);
  const changes: Change[] = [splitKind.put('', { at, by, required, thumbprints, ...seen })];
  const isSameSet = register.split !== undefined && setOf(register.split) === setOf(split);
  for (const [index, custodian] of thumbprints.entries()) {
    const certificate = split.certificates?.[index] ?? split.shown?.get(custodian);
    const subject =
      certificate === undefined ? undefined : subjectOf(new X509Certificate(Buffer.from(certificate, 'base64')));
    const isOpened = seen !== undefined && split.opened?.includes(custodian) === true;
    changes.push(
      holderKind.put(custodian, {
        ...present(register.get(custodian), at, isSameSet),
        ...(subject === undefined ? {} : { subject }),
        ...(isOpened ? { proven: { domain: seen.domain, at }, answered: at } : {}),
        share: index + 1,
      }),
    );
  }
  for (const [custodian, holder] of register.list()) {
    if (holder.left === undefined && !thumbprints.includes(custodian)) {
      changes.push(holderKind.put(custodian, { ...holder, left: at }));
    }
  }
  return changes;
}

/** What is known of someone that goes on being true under the new split. */
function present(holder: Holder | undefined, at: string, isSameSet: boolean): Omit<Holder, 'share'> {
  if (holder === undefined) return { since: at };
  const { subject, name, contact, since, answered, proven, handover, handedOver, leaving, left } = holder;
  return {
    since: left === undefined ? since : at,
    ...(subject === undefined ? {} : { subject }),
    ...(name === undefined ? {} : { name }),
    ...(contact === undefined ? {} : { contact }),
    ...(answered === undefined ? {} : { answered }),
    ...(handedOver === undefined ? {} : { handedOver }),
    // Their share of an earlier file of the same set goes on opening. Of another set it is to be destroyed.
    ...(isSameSet && proven !== undefined ? { proven } : {}),
    ...(isSameSet && handover !== undefined ? { handover } : {}),
    ...(isSameSet && leaving !== undefined ? { leaving } : {}),
  };
}

function setOf({ required, thumbprints }: Pick<Split, 'required' | 'thumbprints'>): string {
  return `${required} ${[...thumbprints].sort().join(' ')}`;
}

function seenIn(document: string): Required<Pick<Split, 'domain' | 'proofHashes'>> {
  const { enc_shares: shares } = parseSecurityDomain(document).SharedKeys;
  return { domain: digestOf(document), proofHashes: shares.map((share) => share.proof_hash) };
}
