// Keys that come from outside: the row that takes them in, as a plain JWK or (member `key_hsm`) in a transfer blob that
// only the module opens, and the row that tells where a key came from.

import { type AnyRow, row } from '../../http/route.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { keyBundle, type Retention } from '../keys/bundle.ts';
import { arrivedKeyDetail, importDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import { type ImportKey, importKey, readPlainKey } from '../keys/import.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { checkVersion, weightOfMaking } from '../keys/key-types.ts';
import { keyId } from '../keys/key-version.ts';
import { noticesOf } from '../keys/notices.ts';
import { policyNotice } from '../keys/release-policy.ts';
import { part } from '../part.ts';
import { importWrappedKey, provenanceNote, wireProvenance } from './import-wrapped.ts';
import { hasWrappedKey, type ImportWrappedKey, readWrappedKey } from './read-wrapped-key.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

interface ImportService extends KeyMaking {
  readonly retention: Retention;
  /** Authorities under which the HSM is known, as key identifiers begin. */
  readonly hosts: () => readonly string[];
}

export function importRows(service: ImportService): readonly AnyRow[] {
  return [
    row<ImportKey | ImportWrappedKey>({
      method: 'PUT',
      path: '/keys/:name',
      operationName: 'KeyImport',
      dataAction: `${ACTION}/import/action`,
      // A role on one key lets nobody make keys: importing needs `/` or `/keys`.
      scope: 'keys',
      readBody: (body) => (hasWrappedKey(body) ? readWrappedKey(body) : readPlainKey(body)),
      asked: ({ body }) => ({
        ...importDetail(body),
        ...('blob' in body ? { source: 'byok', kek: body.blob.kid, blobHash: body.blobHash } : { source: 'plain-jwk' }),
      }),
      weight: ({ body }) => weightOfMaking(body.kty),
      async handle(request) {
        const { params, body, principal, grant, commit } = request;
        checkVersion(body.kty, body.keyOps, request.apiVersion);
        const name = requireKeyName(params.name);
        const by = { by: principal.oid, authorisedBy: grant };
        const { key, head } =
          'blob' in body
            ? await importWrappedKey(name, body, by, commit, service)
            : await importKey(name, body, by, commit, service);
        const { note, ...notices } = noticesOf(policyNotice(key.releasePolicy));
        return {
          status: 200,
          body: keyBundle(key, request, service.retention),
          ...notices,
          note: note === undefined ? provenanceNote(key) : `${provenanceNote(key)}; ${note}`,
          detail: arrivedKeyDetail(key),
          key: keyId('', key),
          head,
        };
      },
    }),
    row({
      method: 'GET',
      path: '/strongroom/keys/:name/:version/provenance',
      operationName: 'KeyProvenanceGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'key',
      handle({ params, origin, url }) {
        const key = requireKey(service.keys, { params, url });
        return { status: 200, body: { kid: keyId(origin, key), ...wireProvenance(key) }, key: keyId('', key) };
      },
    }),
  ];
}

export const byok = part({ serve: (service: ImportService) => ({ rows: importRows(service) }) });
