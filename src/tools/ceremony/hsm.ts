// What a recovery asks of an HSM over its public API: the same for a ceremony, a rehearsal and the demonstration. Who asks says
// what an outcome means for them.

import { randomUUID, type X509Certificate } from 'node:crypto';
import { having } from '../../formats/having.ts';
import { isOneLine } from '../../formats/printable.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';
import { parseSecurityDomain } from '../../formats/security-domain.ts';
import { integer, list, matching, type Reader, ShapeError, text } from '../../formats/shape.ts';
import { hexOf, thumbprintOf } from '../custodian/fingerprint.ts';
import { type Recipient, readRecipient } from '../custodian/recipient.ts';

/** The public API of the instance. */
export interface Asking {
  /** @throws when the service refuses, with all that it said and its `status` */
  ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown>;
}

/** Between two questions about something that takes its time. */
export type Pause = () => Promise<void>;

export const VERSION = 'api-version=7.5';
export const CUSTODIANS = '/securitydomain/custodians';

type Members = Readonly<Record<string, unknown>>;

/**
 * The certificate to which custodians encrypt their shares.
 * @param name what messages call it @param at where the HSM shows it: another one while it recovers than while it serves
 * @throws Refusal
 */
export async function fetchTransferKey(hsm: Asking, name: string, at: 'upload' | 'resharing'): Promise<Recipient> {
  const answer = await hsm.ask('GET', `/securitydomain/${at}?${VERSION}`);
  return readRecipient(name, Buffer.from(JSON.stringify(answer ?? null), 'utf8'));
}

/** JWKs as every client sends them. */
export function certificateKeys(certificates: readonly X509Certificate[]): readonly object[] {
  return certificates.map((certificate) => {
    const { n, e } = certificate.publicKey.export({ format: 'jwk' });
    return {
      kty: 'RSA',
      n,
      e,
      alg: 'RSA-OAEP-256',
      key_ops: ['verify', 'encrypt', 'wrapKey'],
      x5c: [certificate.raw.toString('base64')],
      'x5t#S256': thumbprintOf(certificate),
    };
  });
}

/**
 * Has the domain split over these and no others. Cut off, it is done again: the HSM makes a new file for the same custodians, and
 * the one that nobody wrote down is of no use to anyone.
 * @returns the file @throws Refusal
 */
export async function downloadDomain(
  hsm: Asking,
  certificates: readonly X509Certificate[],
  required: number,
): Promise<string> {
  const body = { certificates: certificateKeys(certificates), required };
  const answer = (await hsm.ask('POST', `/securitydomain/download?${VERSION}`, body)) as Members | undefined;
  const document = answer?.['value'];
  if (typeof document !== 'string') throw new Refusal('the HSM answered without a security domain');
  const { SharedKeys: shared } = parseSecurityDomain(document);
  const given = shared.enc_shares.map(({ x5t_256 }) => x5t_256).toSorted();
  if (given.join() !== certificates.map(thumbprintOf).toSorted().join() || shared.required !== required) {
    throw new Refusal('the HSM answered with a domain of other custodians or another quorum');
  }
  return document;
}

/** @param first what is known already */
async function untilSettled(hsm: Asking, path: string, pause: Pause, first?: unknown): Promise<Members> {
  let answer = (first ?? (await hsm.ask('GET', path)) ?? {}) as Members;
  while (answer['status'] === 'InProgress') {
    await pause();
    answer = ((await hsm.ask('GET', path)) ?? {}) as Members;
  }
  return answer;
}

/** @returns undefined when it was taken over, else why not */
export async function uploadDomain(
  hsm: Asking,
  document: string,
  packets: readonly unknown[],
  pause: Pause,
): Promise<string | undefined> {
  const value = JSON.stringify({ domain: document, packets });
  const begun = await hsm.ask('POST', `/securitydomain/upload?${VERSION}`, { value });
  const ended = await untilSettled(hsm, `/securitydomain/upload/pending?${VERSION}`, pause, begun ?? {});
  const { status, status_details: details } = ended;
  return status === 'Success' ? undefined : String(details ?? status);
}

/** @returns the job @throws Refusal */
export async function startRestore(hsm: Asking, request: object): Promise<string> {
  const { jobId } = (await hsm.ask('PUT', `/restore?${VERSION}`, request)) as Members;
  if (typeof jobId === 'string' && /^[\w-]{1,64}$/.test(jobId)) return jobId;
  throw new Refusal('the HSM answered without a job');
}

/** @returns undefined when it succeeded, else why not */
export async function followRestore(
  hsm: Asking,
  job: string,
  pause: Pause,
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  const { status, statusDetails, error } = await untilSettled(hsm, `/restore/${job}/pending?${VERSION}`, pause);
  if (status === 'Succeeded') return undefined;
  const { code, message } = (error ?? {}) as Members;
  return { code: String(code ?? ''), message: String(message ?? statusDetails ?? status) };
}

export const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
export const CRYPTO_OFFICER = '515eb02d-2335-4d2d-92f2-b1cbdf9c3778';
/** Sees deleted keys. */
export const CRYPTO_AUDITOR = '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3';

/** That they have the role already is as good. @param scope '' for the whole instance */
export async function assignRole(hsm: Asking, scope: string, role: string, principalId: string): Promise<void> {
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?${VERSION}`;
  const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  try {
    await hsm.ask('PUT', path, { properties: { roleDefinitionId, principalId } });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'MatchingRoleAssignmentExists')) throw error;
  }
}

/** What a custodian has signed, for the register. @returns the custodian's entry, and the purpose of the packet */
export async function handIn(hsm: Asking, packet: unknown): Promise<unknown> {
  return hsm.ask('POST', `${CUSTODIANS}/packets?${VERSION}`, { packet });
}

// The register of custodians. Parts of it go into commands to paste and onto terminals, and who answers may not be the HSM: so
// nothing is taken that an HSM would not keep.

/** As the HSM takes names. */
const line: Reader<string> = (value, path) => {
  if (!isOneLine(text(value, path))) throw new ShapeError(`${path} must be on one line`);
  return value as string;
};
const count = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
/** `subject`, `name`: as their certificate, and as an administrator calls them. */
const shareHolder = having(
  { custodian: matching(/^[\w-]{43}$/, 'an x5t#S256'), fingerprint: text, state: line, share: count, since: line },
  { subject: line, name: line, contact: line, proven: having({ domain: line, at: line }), answered: line, left: line },
);
export type CustodianEntry = ReturnType<typeof shareHolder>;
const entry: Reader<CustodianEntry> = (value, path) => {
  const read = shareHolder(value, path);
  if (hexOf(read.custodian) === read.fingerprint) return read;
  throw new ShapeError(`${path}.fingerprint is another than that of the certificate`);
};
const register = having(
  {
    /** SHA-256 of the newest domain file's text. */
    domain: (value, path) => (value === null ? null : line(value, path)),
    /** Of the domain key. */
    domainFingerprint: matching(/^[0-9a-f]{64}$/, '64 hex digits'),
    warnings: list(text),
    value: list(entry),
  },
  { required: count, holders: count, reachable: count, margin: count, unproven: count },
);
export type Register = ReturnType<typeof register>;

/** @throws Refusal; whatever the service refuses with */
export async function readRegister(hsm: Asking & { readonly who?: string }): Promise<Register> {
  const answer = await hsm.ask('GET', `${CUSTODIANS}?${VERSION}`);
  return orThrow(
    () => register(answer, 'register'),
    (cause) => new Refusal(`${hsm.who ?? 'the HSM'} did not answer with a register of custodians`, { cause }),
    ShapeError,
  );
}
