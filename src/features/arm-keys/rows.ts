// Keys as the resource manager's clients ask for them: made if there is none of the name, and read; nothing else. These rows
// answer under one name of the instance alone, which is there only while its setting allows it, and to tokens for the
// resource manager: the management plane hands a caller's own request on and has no right of its own.
import { type AnyRow, row } from '../../http/route.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import type { Retention } from '../keys/bundle.ts';
import { createDetail, keyDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import { requireKeyName } from '../keys/key-name.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { part } from '../part.ts';
import { type ArmKeyBody, createIfNotExists, describeArmKey, readArmKey } from './arm-key.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function armKeyRows(service: KeyMaking & { readonly retention: Retention }): readonly AnyRow[] {
  const { keys, retention } = service;
  const read = (
    path: string,
    scope: 'keys' | 'key',
    operationName: string,
    find: (params: Params, url: string) => Found,
  ) =>
    row({
      method: 'GET',
      path,
      operationName,
      dataAction: `${ACTION}/read/action`,
      scope,
      handle({ params, url }) {
        const found = find(params, url);
        const body = Array.isArray(found)
          ? { value: found.map((key: KeyVersion) => describeArmKey(key, retention)) }
          : describeArmKey(found as KeyVersion, retention);
        return { status: 200, body };
      },
    });
  return [
    row<ArmKeyBody>({
      method: 'PUT',
      path: '/arm/keys/:name',
      operationName: 'KeyCreateIfNotExists',
      dataAction: `${ACTION}/createIfNotExists`,
      scope: 'keys',
      readBody: readArmKey,
      asked: ({ body }) => createDetail(body),
      repeatable: true,
      async handle({ params, body, commit }) {
        const { key, head } = await createIfNotExists(requireKeyName(params['name']), body, commit, service);
        return {
          status: 200,
          body: describeArmKey(key, retention),
          detail: keyDetail(key),
          key: `/keys/${key.name}/${key.version}`,
          ...(head === undefined ? { note: 'There was a key of that name already; it is as it was.' } : { head }),
        };
      },
    }),
    read('/arm/keys', 'keys', 'KeyList', () => [...keys.listAfter(undefined, MOST_LISTED)]),
    read('/arm/keys/:name', 'key', 'KeyGet', (params, url) => requireKey(keys, params, url)),
    read('/arm/keys/:name/versions', 'key', 'KeyListVersions', (params, url) => {
      requireKey(keys, { ...params }, url);
      return keys.versions(requireKeyName(params['name']));
    }),
    read('/arm/keys/:name/versions/:version', 'key', 'KeyGet', (params, url) => requireKey(keys, params, url)),
  ];
}

type Params = Readonly<Record<string, string | undefined>>;
type Found = KeyVersion | readonly KeyVersion[];

/** What one answer holds: the resource manager shows keys, it does not page through them. */
const MOST_LISTED = 1_000;

export const armKeys = part({ serve: (service: Parameters<typeof armKeyRows>[0]) => ({ rows: armKeyRows(service) }) });
