// The row for random bytes, drawn in the module.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { readOptionalInteger } from '../../http/body.ts';
import { type AnyRow, type JsonObject, row } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { part } from '../part.ts';

const MOST = 128;

interface RandomBytesRequest {
  readonly count: number;
}

export function rngRows({ crypto }: { readonly crypto: Pick<CryptoClient, 'send'> }): readonly AnyRow[] {
  return [
    row<RandomBytesRequest>({
      method: 'POST',
      path: '/rng',
      operationName: 'RandomBytesGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/rng/action',
      scope: 'root',
      readBody: readRandomBytesRequest,
      repeatable: true,
      async handle({ body }) {
        const { bytes } = await crypto.send('random', { count: body.count });
        return { status: 200, body: { value: toBase64url(bytes) } };
      },
    }),
  ];
}

/** @throws ServiceError BadParameter, in the service's words */
function readRandomBytesRequest(body: JsonObject): RandomBytesRequest {
  const count = readOptionalInteger(body, 'count');
  if (count === undefined) throw badParameter("Property 'count' is required");
  if (count >= 1 && count <= MOST) return { count };
  throw badParameter(`GetRandomBytesRequest: count cannot be greater than ${MOST} or less than 1`);
}

export const rng = part({ serve: (service: Parameters<typeof rngRows>[0]) => ({ rows: rngRows(service) }) });
