// Etags of what clients can change, and `If-Match` and `If-None-Match`: a change that was decided on an older state does not happen.
import { createHash } from 'node:crypto';
import { ControlError, type ControlRequest } from '../../../http/control-row.ts';

export function etagOf(kept: object): string {
  return `"${createHash('sha256').update(JSON.stringify(kept)).digest('hex').slice(0, 32)}"`;
}

/** @param etag of what is there now; undefined: nothing is @throws ControlError 412 */
export function checkMatch({ headers }: ControlRequest, etag: string | undefined): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match !== undefined && !holds(match, etag)) {
    throw preconditionFailed('The resource is not the one that If-Match names; read it again.');
  }
  if (noneMatch !== undefined && holds(noneMatch, etag)) {
    throw preconditionFailed('There is a resource already, and If-None-Match forbids to change it.');
  }
}

export function preconditionFailed(message: string): ControlError {
  return new ControlError(412, 'PreconditionFailed', message);
}

function holds(header: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  const named = header.split(',').map((each) => each.trim());
  return named.includes('*') || named.includes(etag);
}
