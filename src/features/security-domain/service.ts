// What the rows of the security domain share: the parts of the instance they are given, how a ceremony is put on record,
// and how refusals of the module read to a client.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import type { Detail } from '../../http/entry-detail.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit } from '../../store/sealed/records.ts';
import type { AllRelatedWrites } from '../part.ts';
import type { Activation } from './activation.ts';

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
export async function checkActivation({ keptFromActivation }: SecurityDomainService): Promise<void> {
  const reason = await keptFromActivation();
  if (reason !== undefined) throw new ServiceError('Conflict', reason, { innerCode: 'FileSealRefused' });
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

/** @param member which member of the body the module judged */
export function refusedDomain(error: unknown, member: string): never {
  if (error instanceof CryptoError && error.code === 'DomainRefused') {
    throw new ServiceError('BadParameter', `Property '${member}' is refused: ${error.message}`, {
      cause: error,
      innerCode: 'DomainRefused',
    });
  }
  if (error instanceof CryptoError && error.code === 'BadRequest') {
    throw new ServiceError('BadParameter', error.message, { cause: error });
  }
  throw error;
}
