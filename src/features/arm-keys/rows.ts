// Keys as the resource manager's clients ask for them: made if there is none of the name, and read; nothing else. These rows
// answer under one name of the instance alone, which is there only while its setting allows it, and to tokens for the
// resource manager: the management plane hands a caller's own request on and has no right of its own.
import { type AnyRow, type Row, type RowRequest, row } from '../../http/route.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { type Retention } from '../keys/bundle.ts';
import type { CreateKey } from '../keys/create.ts';
import { createDetail, keyDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { weightOfMaking } from '../keys/key-types.ts';
import { type KeyVersion, keyId } from '../keys/key-version.ts';
import { part } from '../part.ts';
import { createIfNotExists, describeArmKey, readArmKey } from './arm-key.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';
/** What one answer holds: the resource manager shows keys, it does not page through them. */
const MOST_LISTED = 1_000;

export function armKeyRows(service: KeyMaking & { readonly retention: Retention }): readonly AnyRow[] {
  const { keys, retention } = service;
  const describe = (key: KeyVersion): object => describeArmKey(key, retention);
  const read = (
    path: string,
    scope: Row['scope'],
    operationName: Row['operationName'],
    bodyOf: (request: RowRequest<undefined>) => object,
  ): AnyRow =>
    row({
      method: 'GET',
      path,
      operationName,
      dataAction: `${ACTION}/read/action`,
      scope,
      handle: (request) => ({ status: 200, body: bodyOf(request) }),
    });
  const readOne = (path: string): AnyRow =>
    read(path, 'key', 'KeyGet', (request) => describe(requireKey(keys, request)));
  return [
    row<CreateKey>({
      method: 'PUT',
      path: '/arm/keys/:name',
      operationName: 'KeyCreateIfNotExists',
      dataAction: `${ACTION}/createIfNotExists`,
      scope: 'keys',
      readBody: readArmKey,
      asked: ({ body }) => createDetail(body),
      weight: ({ body }) => weightOfMaking(body.kind.kty),
      repeatable: true,
      async handle({ params, body, commit }) {
        const { key, head } = await createIfNotExists(requireKeyName(params['name']), body, commit, service);
        return {
          status: 200,
          body: describe(key),
          detail: keyDetail(key),
          key: keyId('', key),
          ...(head === undefined ? { note: 'There was a key of that name already; it is as it was.' } : { head }),
        };
      },
    }),
    read('/arm/keys', 'keys', 'KeyList', () => ({ value: [...keys.listAfter(undefined, MOST_LISTED)].map(describe) })),
    readOne('/arm/keys/:name'),
    read('/arm/keys/:name/versions', 'key', 'KeyListVersions', (request) => ({
      value: keys.versions(requireKey(keys, request).name).map(describe),
    })),
    readOne('/arm/keys/:name/versions/:version'),
  ];
}

export const armKeys = part({ serve: (service: Parameters<typeof armKeyRows>[0]) => ({ rows: armKeyRows(service) }) });
