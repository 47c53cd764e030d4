// What the rows of the security domain share: the parts of the instance they are given, how a ceremony is put on record,
// and how refusals of the module read to a client.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import type { Detail } from '../../http/entry-detail.ts';
import { pollAt } from '../../http/poll-at.ts';
import type { Principal } from '../../http/principal.ts';
import type { RowRequest } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { Change, Commit } from '../../store/sealed/records.ts';
import type { AllRelatedWrites, DomainSplit } from '../part.ts';
import { type Activation, type SecurityDomainRecord, securityDomainKind } from './activation.ts';
import { NO_LONGER_BEGUN } from './pending-ceremony.ts';

export interface SecurityDomainService {
  readonly crypto: CryptoClient;
  /** For what the module has done: nothing undoes it, so it is on record whoever has lost a right meanwhile. */
  readonly settle: Commit;
  readonly activation: Activation;
  /** Object ids, lower case. */
  readonly initialAdministrators: readonly string[];
  readonly relatedWrites: Pick<AllRelatedWrites, 'split'>;
  /** Why this instance may not be activated as it is now; undefined: it may. */
  readonly keptFromActivation: () => Promise<string | undefined>;
  /** Unix seconds. */
  readonly now: () => number;
}

/** @throws ServiceError before anything of the domain leaves or enters */
export async function checkActivation(
  { activation, initialAdministrators, keptFromActivation }: SecurityDomainService,
  { oid }: Principal,
): Promise<void> {
  if (!activation.isActive() && !initialAdministrators.includes(oid)) {
    throw new ServiceError('Forbidden', 'Only an administrator named when the HSM was created can activate it');
  }
  const reason = await keptFromActivation();
  if (reason !== undefined) throw new ServiceError('Conflict', reason, { innerCode: 'FileSealRefused' });
}

/** What a ceremony that was held leaves: its record, what others keep of it, and no word of having begun. */
export function heldChanges(
  { relatedWrites }: Pick<SecurityDomainService, 'relatedWrites'>,
  record: SecurityDomainRecord,
  split: Omit<DomainSplit, 'required' | 'thumbprints'>,
): readonly Change[] {
  const { required, thumbprints } = record;
  return [
    securityDomainKind.put('', record),
    ...relatedWrites.split({ required, thumbprints, ...split }),
    NO_LONGER_BEGUN,
  ];
}

/** Where a download or an upload is asked for: with the api-version, unlike jobs of backups. */
export function pendingAt(
  request: Pick<RowRequest<unknown>, 'spelledOrigin' | 'apiVersion'>,
  what: 'download' | 'upload',
): Readonly<Record<string, string>> {
  return pollAt(request, `/securitydomain/${what}/pending?api-version=${request.apiVersion}`, '1');
}

interface Custody {
  readonly required: number;
  readonly thumbprints: readonly string[];
}

/** What the log says of a ceremony: with it, custodians can tell that the certificates were theirs. */
export function describeCustody({ required, thumbprints }: Custody): string {
  return `${thumbprints.length} custodians, ${required} needed; certificates (SHA-256): ${thumbprints.join(', ')}`;
}

/** The same, each in a member of its own. */
export function custodyDetail({ required, thumbprints }: Custody): Detail {
  return { required, custodians: thumbprints };
}

export function domainDetail(crypto: CryptoClient): Detail {
  return { domainFingerprint: domainFingerprint(crypto.hello.domainKey) };
}

/** For people to read back. */
export function describeDomain(crypto: CryptoClient): string {
  return `security domain with the fingerprint ${groupFingerprint(domainFingerprint(crypto.hello.domainKey))}`;
}

/** Whose shares opened the domain, as far as that can be known. */
export function describeQuorum(quorum: readonly string[]): string {
  return quorum.length === 0
    ? 'by a restore blob, which does not say whose keys opened it'
    : `by the shares of ${quorum.join(', ')}`;
}

/** How a refusal of the module reads to a client. @param member of the body, which the module judged */
export function refuse(error: unknown, { member, others }: { member?: string; others?: string }): never {
  if (!(error instanceof CryptoError)) throw error;
  const { code, message } = error;
  if (code === 'OtherCustodians' && others !== undefined) {
    throw new ServiceError('Conflict', others, { cause: error, innerCode: code });
  }
  if (code === 'DomainRefused' && member !== undefined) {
    throw new ServiceError('BadParameter', `Property '${member}' is refused: ${message}`, {
      cause: error,
      innerCode: code,
    });
  }
  if (code === 'BadRequest') throw badParameter(message, { cause: error });
  throw error;
}
