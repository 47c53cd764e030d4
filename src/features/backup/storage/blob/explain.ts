// From what the blob library reports to an error that tells the operator what failed and what to do. Nothing of the
// library's own error is kept: it carries the request, and the request's address carries the token.
import { RestError } from '@azure/storage-blob';
import { StorageError, type StorageErrorCode } from '../port.ts';
import { PROTOCOL_VERSION } from './pipeline.ts';

export interface Circumstances {
  /** Container URI without token. */
  readonly uri: string;
  readonly attempts: number;
  /** What the credential itself tells of a refusal. */
  readonly whyRefused: () => string | undefined;
  /** What to do when access is refused. */
  readonly accessHint: string;
  readonly stopping: AbortSignal;
}

/** What is thrown instead of `error`; `what` is what was being done. */
export function explain(error: unknown, what: string, at: Circumstances): unknown {
  if (at.stopping.aborted) return at.stopping.reason;
  if (error instanceof StorageError) return error;
  if (!(error instanceof RestError)) return error;
  const { statusCode = 0 } = error;
  const code = codeOf(error);
  const say = (kind: StorageErrorCode, reason: string, next: string): StorageError =>
    new StorageError(kind, `${what} at ${at.uri}: ${reason}; ${next}`, {
      cause: new Error(`${statusCode === 0 ? 'no answer' : statusCode} ${word(code)}`.trim()),
    });
  if (code === 'ContainerNotFound' || code === 'ContainerBeingDeleted' || code === 'ContainerDisabled') {
    return say('NotFound', `the container does not exist (${code})`, 'make it, or name the right one');
  }
  if (statusCode === 404) return say('NotFound', 'it is not there', 'name a folder that a backup has written');
  if (code === 'BlobImmutableDueToPolicy') {
    return say('Immutable', 'the policy of the container keeps what is there', 'use another folder');
  }
  if (code === 'ConditionNotMet') {
    return say('Damaged', 'it was exchanged while it was read', 'see who else writes there, and use another backup');
  }
  if (code === 'BlobAlreadyExists') {
    return say('Exists', 'the name is taken', 'nothing is ever written over; use another folder');
  }
  if (statusCode === 401 || statusCode === 403 || code === 'InvalidAuthenticationInfo') {
    const why = at.whyRefused() ?? `the storage refuses access (${statusCode} ${word(code)})`;
    return say('AccessDenied', why, at.accessHint);
  }
  // The version is the only header of ours that a service may not know.
  if (statusCode === 400 && code === 'InvalidHeaderValue') {
    const reason = `it does not speak version ${PROTOCOL_VERSION} of the blob protocol (${statusCode} ${code})`;
    return say('VersionRefused', reason, 'use a newer release of what runs there');
  }
  if (statusCode === 507 || statusCode === 413)
    return say('Full', 'the storage takes no more', 'make room or use another place');
  if (statusCode === 503 || statusCode === 500 || statusCode === 429 || statusCode === 408) {
    const tries = `the storage is busy or failing (${statusCode} ${word(code)}) after ${at.attempts} attempts`;
    return say('Unavailable', tries, 'try again later');
  }
  if (statusCode !== 0)
    return say('Unavailable', `the storage answered ${statusCode} ${word(code)}`, 'see what runs at that address');
  return say('Unavailable', ...reach(code, at.attempts));
}

/** The service's own code: in the body, or, where an answer has none, in a header. */
export function codeOf(error: RestError): string {
  return error.response?.headers.get('x-ms-error-code') ?? error.code ?? '';
}

function reach(code: string, attempts: number): readonly [string, string] {
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER/.test(code)) {
    return [
      `its certificate is not trusted (${word(code)})`,
      `add the place with the PEM file of its authority ('./strongroom backup place add … --storage-ca FILE')`,
    ];
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return ['its host name is not known', 'check the name and the name server'];
  if (code === 'ETIMEDOUT') return [`it was too slow, ${attempts} times`, 'try again later, or use a nearer place'];
  return [
    `it cannot be reached (${word(code)}) after ${attempts} attempts`,
    'check that it runs and that this machine may connect',
  ];
}

/** Codes are words of the service; whatever else it may have put there is not repeated. */
function word(code: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(code) ? code : 'without a code';
}
