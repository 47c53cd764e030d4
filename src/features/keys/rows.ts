// The key rows: create, get, list, list versions, update; those of deletion are in `deleted-rows.ts`.
import { nextLink, readPage } from '../../http/paging.ts';
import { type AnyRow, row } from '../../http/route.ts';
import type { KeyMaking } from './add-version.ts';
import { keyBundle, keyId, keyItem } from './bundle.ts';
import { type CreateKey, createKey, readCreateKey } from './create.ts';
import { deletedKeyRows } from './deleted-rows.ts';
import { createDetail, keyChanges, keyDetail, updateDetail } from './entry-details.ts';
import { requireKey } from './find-key.ts';
import { requireKeyName } from './key-name.ts';
import { checkKeyOpsVersion, checkKtyVersion } from './key-types.ts';
import type { KeyVersion } from './key-version.ts';
import { noticesOf } from './notices.ts';
import type { KeyPurging } from './purge.ts';
import { policyNotice } from './release-policy.ts';
import { readUpdateKey, stillEnabledNotice, type UpdateKey, updateKey } from './update.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function keyRows(service: KeyMaking & KeyPurging): readonly AnyRow[] {
  const { keys, retention } = service;
  return [
    ...deletedKeyRows(service),
    row<CreateKey>({
      method: 'POST',
      path: '/keys/:name/create',
      operationName: 'KeyCreate',
      dataAction: `${ACTION}/create`,
      // A role on one key lets nobody make keys: creating needs `/` or `/keys`.
      scope: 'keys',
      readBody: readCreateKey,
      asked: ({ body }) => createDetail(body),
      async handle(request) {
        const { params, body, commit } = request;
        checkKtyVersion(body.kind.kty, request.apiVersion);
        checkKeyOpsVersion(body.keyOps, request.apiVersion);
        const { key, head } = await createKey(requireKeyName(params.name), body, commit, service);
        return {
          status: 200,
          body: keyBundle(key, request, retention),
          ...noticesOf(policyNotice(key.releasePolicy)),
          detail: keyDetail(key),
          key: keyId('', key),
          head,
        };
      },
    }),
    ...['/keys/:name', '/keys/:name/:version'].flatMap((path) => [
      row({
        method: 'GET',
        path,
        operationName: 'KeyGet',
        dataAction: `${ACTION}/read/action`,
        scope: 'key',
        handle(request) {
          const key = requireKey(keys, request.params, request.url);
          return { status: 200, body: keyBundle(key, request, retention), key: keyId('', key) };
        },
      }),
      row<UpdateKey>({
        method: 'PATCH',
        path,
        operationName: 'KeyUpdate',
        dataAction: `${ACTION}/write/action`,
        scope: 'key',
        readBody: readUpdateKey,
        asked: ({ body }) => updateDetail(body),
        async handle(request) {
          const { params, body, url, commit } = request;
          checkKeyOpsVersion(body.keyOps, request.apiVersion);
          const find = (): KeyVersion => requireKey(keys, params, url);
          const { before, key, head } = await updateKey(find, body, commit, service);
          return {
            status: 200,
            body: keyBundle(key, request, retention),
            ...noticesOf(policyNotice(key.releasePolicy), stillEnabledNotice(body, key, keys.versions(key.name))),
            detail: keyChanges(before, key),
            key: keyId('', key),
            head,
          };
        },
      }),
    ]),
    row({
      method: 'GET',
      path: '/keys',
      operationName: 'KeyList',
      dataAction: `${ACTION}/read/action`,
      scope: 'keys',
      handle(request) {
        const { query, origin } = request;
        const { size, after } = readPage(query);
        const found = [...keys.listAfter(after, size + 1)];
        const page = found.slice(0, size);
        const last = found.length > size ? page[page.length - 1]?.name : undefined;
        return {
          status: 200,
          body: {
            value: page.map((key) => keyItem(key, `${origin}/keys/${key.name}`, request, retention)),
            ...(last === undefined ? {} : { nextLink: nextLink(origin, '/keys/', size, last) }),
          },
        };
      },
    }),
    row({
      method: 'GET',
      path: '/keys/:name/versions',
      operationName: 'KeyListVersions',
      dataAction: `${ACTION}/read/action`,
      scope: 'key',
      handle(request) {
        const { params, query, origin } = request;
        const name = requireKeyName(params.name);
        const { size, after } = readPage(query);
        const past = Number(after ?? 0);
        const found = keys.versions(name).filter((key) => key.ordinal > past);
        const page = found.slice(0, size);
        const last = found.length > size ? page[page.length - 1]?.ordinal : undefined;
        return {
          status: 200,
          body: {
            value: page.map((key) => keyItem(key, keyId(origin, key), request, retention)),
            ...(last === undefined
              ? {}
              : { nextLink: nextLink(origin, `/keys/${name}/versions/`, size, String(last)) }),
          },
        };
      },
    }),
  ];
}
