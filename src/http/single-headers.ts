// Headers that decide who is asked and who asks. Sent twice, two readers could each take another one, so they are refused;
// Node itself keeps the first and says nothing.
import { ServiceError } from './service-error.ts';

/** @param rawHeaders names and values in turn, as sent @throws ServiceError BadRequest */
export function requireSingleHeaders(rawHeaders: readonly string[]): void {
  const repeated = findRepeated(rawHeaders);
  if (repeated !== undefined) throw new ServiceError('BadRequest', `The request has more than one ${repeated} header`);
}

/** @param rawHeaders names and values in turn, as sent */
export function findRepeated(rawHeaders: readonly string[]): 'Host' | 'Authorization' | undefined {
  let hosts = 0;
  let authorizations = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations += 1;
  }
  if (hosts > 1) return 'Host';
  return authorizations > 1 ? 'Authorization' : undefined;
}
