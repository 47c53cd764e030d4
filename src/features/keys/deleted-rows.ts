// The rows of deletion: delete, list deleted, get deleted, recover, purge.
import type { Detail } from '../../http/entry-detail.ts';
import { nextLink, readPage } from '../../http/paging.ts';
import { type AnyRow, type RowRequest, row } from '../../http/route.ts';
import { keyBundle, keyId, keyItem, type Viewer } from './bundle.ts';
import { deleteKey, recoverKey, requireDeletedKey } from './delete.ts';
import { keyDetail } from './entry-details.ts';
import { requireKey } from './find-key.ts';
import type { DeletedEntry } from './key-index.ts';
import { requireKeyName } from './key-name.ts';
import type { KeyVersion } from './key-version.ts';
import { type KeyPurging, purgeKey } from './purge.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function deletedKeyRows(service: KeyPurging): readonly AnyRow[] {
  const { keys, retention } = service;
  const lookUp = ({ params, url }: RowRequest<undefined>): DeletedEntry =>
    requireDeletedKey(keys, requireKeyName(params.name), url);
  const bundle = (entry: DeletedEntry, viewer: Viewer): object => ({
    ...keyBundle(entry.key, viewer, retention),
    ...deletion(entry, viewer),
  });
  return [
    row({
      method: 'DELETE',
      path: '/keys/:name',
      operationName: 'KeyDelete',
      dataAction: `${ACTION}/delete`,
      scope: 'key',
      async handle(request) {
        const find = (): KeyVersion => requireKey(keys, request.params, request.url);
        const { head, ...entry } = await deleteKey(find, request.commit, service);
        const detail = { ...keyDetail(entry.key), scheduledPurgeDate: dateOf(entry) };
        return { status: 200, body: bundle(entry, request), detail, key: keyId('', entry.key), head };
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
        const found = [...keys.listDeletedAfter(after, size + 1)];
        const page = found.slice(0, size);
        const last = found.length > size ? page[page.length - 1]?.key.name : undefined;
        const value = page.map((entry) => ({
          ...keyItem(entry.key, `${origin}/keys/${entry.key.name}`, request, retention),
          ...deletion(entry, request),
        }));
        const more = last === undefined ? {} : { nextLink: nextLink(origin, '/deletedkeys/', size, last) };
        return { status: 200, body: { value, ...more } };
      },
    }),
    row({
      method: 'GET',
      path: '/deletedkeys/:name',
      operationName: 'KeyGetDeleted',
      dataAction: `${ACTION}/deletedKeys/read/action`,
      scope: 'key',
      handle(request) {
        const entry = lookUp(request);
        return { status: 200, body: bundle(entry, request), key: keyId('', entry.key) };
      },
    }),
    row({
      method: 'POST',
      path: '/deletedkeys/:name/recover',
      operationName: 'KeyRecover',
      dataAction: `${ACTION}/deletedKeys/recover/action`,
      scope: 'key',
      async handle(request) {
        const { key, head } = await recoverKey(() => lookUp(request), request.commit);
        return {
          status: 200,
          body: keyBundle(key, request, retention),
          detail: keyDetail(key),
          key: keyId('', key),
          head,
        };
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
        const { key } = lookUp(request);
        const detail = purgeDetail(keys, key.name);
        const head = await purgeKey(() => lookUp(request), request.commit, service);
        return { status: 204, detail, key: `/keys/${key.name}`, head };
      },
    }),
  ];
}

/** What is destroyed, and when it would have been without a request. */
function purgeDetail(keys: KeyPurging['keys'], name: string): Detail {
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
