// The rows of the cryptographic operations, with and without a version in the path.
import type { Operation } from '../../formats/algorithms.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { part } from '../part.ts';
import { type Performing, performOperation } from './perform.ts';
import { type AskedOperation, readOperation } from './read-operation.ts';

interface OperationRow {
  readonly operation: Operation;
  readonly segment: string;
  readonly operationName: string;
  readonly dataAction: string;
}

const operationRows: readonly OperationRow[] = [
  { operation: 'encrypt', segment: 'encrypt', operationName: 'KeyEncrypt', dataAction: 'encrypt' },
  { operation: 'decrypt', segment: 'decrypt', operationName: 'KeyDecrypt', dataAction: 'decrypt' },
  { operation: 'wrapKey', segment: 'wrapkey', operationName: 'KeyWrap', dataAction: 'wrap' },
  { operation: 'unwrapKey', segment: 'unwrapkey', operationName: 'KeyUnwrap', dataAction: 'unwrap' },
  { operation: 'sign', segment: 'sign', operationName: 'KeySign', dataAction: 'sign' },
  { operation: 'verify', segment: 'verify', operationName: 'KeyVerify', dataAction: 'verify' },
];

export function keyOperationRows(service: Performing & { readonly keys: KeyRing }): readonly AnyRow[] {
  return operationRows.flatMap(({ operation, segment, operationName, dataAction }) =>
    [`/keys/:name/${segment}`, `/keys/:name/:version/${segment}`].map((path) =>
      row<AskedOperation>({
        method: 'POST',
        path,
        operationName,
        dataAction: `Microsoft.KeyVault/managedHsm/keys/${dataAction}/action`,
        scope: 'key',
        readBody: (body) => readOperation(operation, body),
        repeatable: true,
        handle: ({ params, body, apiVersion, origin, url }) =>
          performOperation(requireKey(service.keys, params, url), operation, body, { apiVersion, origin }, service),
      }),
    ),
  );
}

export const keyOperations = part({
  serve: (service: Parameters<typeof keyOperationRows>[0]) => ({ rows: keyOperationRows(service) }),
});
