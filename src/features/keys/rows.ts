// The key rows: create, get, list, list versions, update; those of deletion are in `deleted-rows.ts`.

import { nextLink, pageOf, readPage } from '../../http/paging.ts';
import { type AnyRow, row } from '../../http/route.ts';
import type { KeyMaking } from './add-version.ts';
import { keyAnswer, keyItem } from './bundle.ts';
import { type CreateKey, createKey, readCreateKey } from './create.ts';
import type { KeyDeleting } from './delete.ts';
import { deletedKeyRows } from './deleted-rows.ts';
import { createDetail, keyChanges, keyDetail, updateDetail } from './entry-details.ts';
import { requireKey } from './find-key.ts';
import { requireKeyName } from './key-name.ts';
import { checkKeyOpsVersion, checkVersion, weightOfMaking } from './key-types.ts';
import { type KeyVersion, keyId } from './key-version.ts';
import { noticesOf } from './notices.ts';
import { policyNotice } from './release-policy.ts';
import { checked, retirementBy } from './retirement.ts';
import { readUpdateKey, stillEnabledNotice, type UpdateKey, updateKey } from './update.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function keyRows(service: KeyMaking & KeyDeleting): readonly AnyRow[] {
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
      weight: ({ body }) => weightOfMaking(body.kind.kty),
      async handle(request) {
        const { params, body, commit, apiVersion } = request;
        checkVersion(body.kind.kty, body.keyOps, apiVersion);
        const { key, head } = await createKey(requireKeyName(params['name']), body, commit, service);
        const notices = noticesOf(policyNotice(key.releasePolicy));
        return keyAnswer(key, request, retention, { ...notices, detail: keyDetail(key), head });
      },
    }),
    ...['/keys/:name', '/keys/:name/:version'].flatMap((path) => [
      row({
        method: 'GET',
        path,
        operationName: 'KeyGet',
        dataAction: `${ACTION}/read/action`,
        scope: 'key',
        handle: (request) => keyAnswer(requireKey(keys, request), request, retention),
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
          const { body, commit } = request;
          checkKeyOpsVersion(body.keyOps, request.apiVersion);
          const find = (): KeyVersion => requireKey(keys, request);
          const { made, retired } = await service.retirementGuard.change(
            (days) => retirementBy(find(), body, service.now(), days),
            request.grantHeaders,
            (check) => updateKey(checked(check, find), body, commit, service),
          );
          const { before, key, head } = made;
          const stillEnabled = stillEnabledNotice(body, key, keys.versions(key.name));
          const notices = noticesOf(policyNotice(key.releasePolicy), stillEnabled, retired?.warning);
          const detail = { ...keyChanges(before, key), ...retired?.detail };
          return keyAnswer(key, request, retention, { ...notices, detail, head });
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
        const body = pageOf(
          [...keys.listAfter(after, size + 1)],
          size,
          (key) => keyItem(key, `${origin}/keys/${key.name}`, request, retention),
          ({ name }) => nextLink(origin, '/keys/', size, name),
        );
        return { status: 200, body };
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
        const name = requireKeyName(params['name']);
        const { size, after = 0 } = readPage(query);
        const body = pageOf(
          keys.versions(name).filter((key) => key.ordinal > Number(after)),
          size,
          (key) => keyItem(key, keyId(origin, key), request, retention),
          ({ ordinal }) => nextLink(origin, `/keys/${name}/versions/`, size, String(ordinal)),
        );
        return { status: 200, body };
      },
    }),
  ];
}
