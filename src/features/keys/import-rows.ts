// The row that takes keys in: a plain JWK, or (member `key_hsm`) a transfer blob that only the module opens.
import { type AnyRow, row } from '../../wire/route.ts';
import type { KeyMaking } from './add-version.ts';
import { keyBundle, keyId, type Retention } from './bundle.ts';
import { type ImportKey, importKey, readPlainKey } from './import.ts';
import { requireKeyName } from './key-name.ts';
import { checkKeyOpsVersion } from './key-types.ts';
import { policyNotices } from './release-policy.ts';

export function importRows(service: KeyMaking & { readonly retention: Retention }): readonly AnyRow[] {
  return [
    row<ImportKey>({
      method: 'PUT',
      path: '/keys/:name',
      operationName: 'KeyImport',
      dataAction: 'Microsoft.KeyVault/managedHsm/keys/import/action',
      // A role on one key lets nobody make keys: importing needs `/` or `/keys`.
      scope: 'keys',
      activation: 'active',
      readBody: readPlainKey,
      repeatable: false,
      async handle(request) {
        const { params, body, principal, grant, recheck } = request;
        checkKeyOpsVersion(body.keyOps, request.apiVersion);
        const by = { by: principal.oid, authorisedBy: grant };
        const { key, head } = await importKey(requireKeyName(params.name), body, by, recheck, service);
        return {
          status: 200,
          body: keyBundle(key, request, service.retention),
          ...policyNotices(key.releasePolicy),
          key: keyId('', key),
          head,
        };
      },
    }),
  ];
}
