// From what the blob library reports to an error that tells the operator what failed and what to do. Nothing of the
// library's own error is kept: it carries the request, and the request's address carries the token.
import { RestError } from '@azure/storage-blob';
import type { IdentityTokens } from '../identity/identity-tokens.ts';
import { StorageError, type StorageErrorCode } from '../port.ts';
import { PROTOCOL_VERSION, type Reach } from './http-client.ts';

export interface Attempts {
  readonly count: number;
  readonly delayMs: number;
  readonly deadlineMs: number;
}

export interface BlobPlace extends Omit<Reach, 'origin' | 'deadlineMs'> {
  /** Container URI without token. */
  readonly uri: string;
  /** A SAS token's text, or an identity. */
  readonly credential: { readonly sas: string } | { readonly identity: IdentityTokens };
  readonly keepsAll: boolean;
  readonly attempts: Attempts;
  /** What the credential itself tells of a refusal. */
  readonly whyRefused: () => string | undefined;
  /** What to do when access is refused. */
  readonly accessHint: string;
}

/** What is thrown instead of `error`; `what` is what was being done. */
export function explain(error: unknown, what: string, at: BlobPlace): unknown {
  if (at.stopping.aborted) return at.stopping.reason;
  if (!(error instanceof RestError)) return error;
  const { statusCode = 0 } = error;
  const code = codeOf(error);
  const [kind, reason, next] = meaningOf(statusCode, code, at);
  return new StorageError(kind, `${what} at ${at.uri}: ${reason}; ${next}`, {
    cause: new Error(`${statusCode === 0 ? 'no answer' : statusCode} ${word(code)}`.trim()),
  });
}

type Meaning = readonly [StorageErrorCode, reason: string, next: string];

function meaningOf(status: number, code: string, at: BlobPlace): Meaning {
  switch (code) {
    case 'ContainerNotFound':
    case 'ContainerBeingDeleted':
    case 'ContainerDisabled':
      return ['NotFound', `the container does not exist (${code})`, 'make it, or name the right one'];
    case 'BlobImmutableDueToPolicy':
      return ['Immutable', 'the policy of the container keeps what is there', 'use another folder'];
    case 'ConditionNotMet':
      return ['Damaged', 'it was exchanged while it was read', 'see who else writes there, and use another backup'];
    case 'BlobAlreadyExists':
      return ['Exists', 'the name is taken', 'nothing is ever written over; use another folder'];
    case 'InvalidAuthenticationInfo':
      return refused(status, code, at);
  }
  // The version is the only header of ours that a service may not know.
  if (status === 400 && code === 'InvalidHeaderValue') {
    const reason = `it does not speak version ${PROTOCOL_VERSION} of the blob protocol (${status} ${code})`;
    return ['VersionRefused', reason, 'use a newer release of what runs there'];
  }
  switch (status) {
    case 0:
      return unreached(code, at.attempts.count);
    case 404:
      return ['NotFound', 'it is not there', 'name a folder that a backup has written'];
    case 401:
    case 403:
      return refused(status, code, at);
    case 413:
    case 507:
      return ['Full', 'the storage takes no more', 'make room or use another place'];
    case 408:
    case 429:
    case 500:
    case 503: {
      const tries = `the storage is busy or failing (${status} ${word(code)}) after ${at.attempts.count} attempts`;
      return ['Unavailable', tries, 'try again later'];
    }
    default:
      return ['Unavailable', `the storage answered ${status} ${word(code)}`, 'see what runs at that address'];
  }
}

function refused(status: number, code: string, { whyRefused, accessHint }: BlobPlace): Meaning {
  return ['AccessDenied', whyRefused() ?? `the storage refuses access (${status} ${word(code)})`, accessHint];
}

/** The service's own code: in the body, or, where an answer has none, in a header. */
export function codeOf(error: RestError): string {
  return error.response?.headers.get('x-ms-error-code') ?? error.code ?? '';
}

function unreached(code: string, attempts: number): Meaning {
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER/.test(code)) {
    return [
      'Unavailable',
      `its certificate is not trusted (${word(code)})`,
      `add the place with the PEM file of its authority ('./strongroom backup place add … --storage-ca FILE')`,
    ];
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return ['Unavailable', 'its host name is not known', 'check the name and the name server'];
  }
  if (code === 'ETIMEDOUT') {
    return ['Unavailable', `it was too slow, ${attempts} times`, 'try again later, or use a nearer place'];
  }
  return [
    'Unavailable',
    `it cannot be reached (${word(code)}) after ${attempts} attempts`,
    'check that it runs and that this machine may connect',
  ];
}

/** Codes are words of the service; whatever else it may have put there is not repeated. */
function word(code: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : 'without a code';
}
