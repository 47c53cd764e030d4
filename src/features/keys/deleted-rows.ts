// The rows of deletion: delete, list deleted, get deleted, recover, purge.
import type { Detail } from '../../http/entry-detail.ts';
import { nextLink, pageOf, readPage } from '../../http/paging.ts';
import { type Answer, type AnyRow, row } from '../../http/route.ts';
import { keyAnswer, keyItem, type Viewer } from './bundle.ts';
import { deleteKey, type KeyDeleting, purgeKey, recoverKey } from './delete.ts';
import { keyDetail } from './entry-details.ts';
import { requireDeletedKey, requireKey } from './find-key.ts';
import type { DeletedEntry } from './key-index.ts';
import type { KeyVersion } from './key-version.ts';
import { noticesOf } from './notices.ts';
import { checked, wholeKey } from './retirement.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function deletedKeyRows(service: KeyDeleting): readonly AnyRow[] {
  const { keys, retention, retirementGuard } = service;
  const answer = (entry: DeletedEntry, viewer: Viewer, more: Partial<Answer> = {}): Answer => {
    const { body, ...rest } = keyAnswer(entry.key, viewer, retention, more);
    return { ...rest, body: { ...Object(body), ...deletion(entry, viewer) } };
  };
  return [
    row({
      method: 'DELETE',
      path: '/keys/:name',
      operationName: 'KeyDelete',
      dataAction: `${ACTION}/delete`,
      scope: 'key',
      async handle(request) {
        const find = (): KeyVersion => requireKey(keys, request);
        const { made, retired } = await retirementGuard.change(
          () => wholeKey(find().name, keys.versions(find().name), 'deleted'),
          request.grantHeaders,
          (check) => deleteKey(checked(check, find), request.commit, service),
        );
        const { head, ...entry } = made;
        const detail = { ...keyDetail(entry.key), scheduledPurgeDate: dateOf(entry), ...retired?.detail };
        return answer(entry, request, { ...noticesOf(retired?.warning), detail, head });
      },
    }),
    row({
      method: 'GET',
      path: '/deletedkeys',
      operationName: 'KeyListDeleted',
      dataAction: `${ACTION}/deletedKeys/read/action`,
      scope: 'keys',
      handle(request) {
        const { query, origin } = request;
        const { size, after } = readPage(query);
        const body = pageOf(
          [...keys.listDeletedAfter(after, size + 1)],
          size,
          (entry) => ({
            ...keyItem(entry.key, `${origin}/keys/${entry.key.name}`, request, retention),
            ...deletion(entry, request),
          }),
          ({ key }) => nextLink(origin, '/deletedkeys/', size, key.name),
        );
        return { status: 200, body };
      },
    }),
    row({
      method: 'GET',
      path: '/deletedkeys/:name',
      operationName: 'KeyGetDeleted',
      dataAction: `${ACTION}/deletedKeys/read/action`,
      scope: 'key',
      handle: (request) => answer(requireDeletedKey(keys, request), request),
    }),
    row({
      method: 'POST',
      path: '/deletedkeys/:name/recover',
      operationName: 'KeyRecover',
      dataAction: `${ACTION}/deletedKeys/recover/action`,
      scope: 'key',
      async handle(request) {
        const { key, head } = await recoverKey(() => requireDeletedKey(keys, request), request.commit);
        return keyAnswer(key, request, retention, { detail: keyDetail(key), head });
      },
    }),
    row({
      method: 'DELETE',
      path: '/deletedkeys/:name',
      operationName: 'KeyPurge',
      dataAction: `${ACTION}/deletedKeys/delete`,
      asked: ({ params }) => purgeDetail(keys, params['name'] ?? ''),
      scope: 'key',
      async handle(request) {
        const find = (): DeletedEntry => requireDeletedKey(keys, request);
        const { key } = find();
        const purged = purgeDetail(keys, key.name);
        const { made: head, retired } = await retirementGuard.change(
          () =>
            retention.purgeProtection ? undefined : wholeKey(key.name, keys.deletedVersions(key.name), 'destroyed'),
          request.grantHeaders,
          (check) => purgeKey(checked(check, find), request.commit, service),
        );
        const detail = { ...purged, ...retired?.detail };
        return { status: 204, ...noticesOf(retired?.warning), detail, key: `/keys/${key.name}`, head };
      },
    }),
  ];
}

/** What is destroyed, and when it would have been without a request. */
function purgeDetail(keys: KeyDeleting['keys'], name: string): Detail {
  const entry = keys.findDeleted(name);
  if (entry === undefined) return {};
  const versions = keys.deletedVersions(name).length;
  return { ...keyDetail(entry.key), versions, scheduledPurgeDate: dateOf(entry) };
}

function dateOf({ deleted }: DeletedEntry): string {
  return new Date(deleted.scheduledPurgeDate * 1000).toISOString();
}

function deletion({ deleted }: DeletedEntry, { origin }: Viewer): object {
  const { deletedDate, name, scheduledPurgeDate } = deleted;
  return { deletedDate, recoveryId: `${origin}/deletedkeys/${name}`, scheduledPurgeDate };
}
