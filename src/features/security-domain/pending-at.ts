// Where a download or an upload is asked for: with the api-version, unlike jobs of backups.
import { pollAt } from '../../http/poll-at.ts';
import type { RowRequest } from '../../http/route.ts';

export function pendingAt(
  request: Pick<RowRequest<unknown>, 'spelledOrigin' | 'apiVersion'>,
  what: 'download' | 'upload',
): Readonly<Record<string, string>> {
  return pollAt(request, `/securitydomain/${what}/pending?api-version=${request.apiVersion}`, '1');
}
