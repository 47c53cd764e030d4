// The rows of key backup: one key out, one key in. The backup of the whole HSM is another feature.

import { type AnyRow, row } from '../../http/route.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { keyBundle, type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import { keyId } from '../keys/key-version.ts';
import { part } from '../part.ts';
import { backupKey, readBackupBlob, restoreKey } from './backup-blob.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';
/** Blobs are as long as their versions need. */
const RESTORE_BODY_LIMIT = 4 * 1024 * 1024;

export function keyBackupRows(service: KeyMaking & { readonly retention: Retention }): readonly AnyRow[] {
  return [
    row({
      method: 'POST',
      path: '/keys/:name/backup',
      operationName: 'KeyBackup',
      dataAction: `${ACTION}/backup/action`,
      scope: 'key',
      repeatable: true,
      async handle({ params, url }) {
        const key = requireKey(service.keys, { params, url });
        const versions = service.keys.versions(key.name);
        const value = await backupKey(versions, service.crypto);
        const detail = { ...keyDetail(key), versions: versions.length };
        return { status: 200, body: { value }, detail, key: keyId('', key) };
      },
    }),
    row<string>({
      method: 'POST',
      path: '/keys/restore',
      operationName: 'KeyRestore',
      dataAction: `${ACTION}/restore/action`,
      // The name is inside the blob, and a restored key is a key made: this needs `/` or `/keys`.
      scope: 'keys',
      readBody: readBackupBlob,
      bodyLimit: RESTORE_BODY_LIMIT,
      async handle(request) {
        const { key, versions, head } = await restoreKey(request.body, request.commit, service);
        // An older version that may leave comes with one that may not.
        const exportable = versions.some((version) => version.attributes.exportable);
        const detail = { ...keyDetail(key), exportable, source: 'key-backup', versions: versions.length };
        return { status: 200, body: keyBundle(key, request, service.retention), detail, key: keyId('', key), head };
      },
    }),
  ];
}

export const keyBackup = part({
  serve: (service: Parameters<typeof keyBackupRows>[0]) => ({ rows: keyBackupRows(service) }),
});
