// Key attestation: the key as the wire shows it, with what the module signed about it. How it is verified is `verify/`.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { ATTESTATION_FORMAT } from '../../formats/key-attestation.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { keyBundle, type Retention } from '../keys/bundle.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { bindingOf, keyId } from '../keys/key-version.ts';
import { part } from '../part.ts';

interface AttestationService {
  readonly crypto: CryptoClient;
  readonly keys: KeyIndex;
  readonly retention: Retention;
}

export function attestationRows({ crypto, keys, retention }: AttestationService): readonly AnyRow[] {
  return ['/keys/:name/attestation', '/keys/:name/:version/attestation'].map((path) =>
    row({
      method: 'GET',
      path,
      since: '7.6-preview.2',
      operationName: 'KeyAttestationGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/keys/read/action',
      scope: 'key',
      async handle(request) {
        const key = requireKey(keys, request);
        const { chain, privateStatement, publicStatement } = await crypto.send('attestKey', {
          binding: bindingOf(key),
          blob: key.blob,
        });
        const bundle = keyBundle(key, request, retention) as { readonly attributes: object };
        const attestation = {
          certificatePemFile: toBase64url(Buffer.from(chain, 'ascii')),
          privateKeyAttestation: privateStatement,
          ...(publicStatement === '' ? {} : { publicKeyAttestation: publicStatement }),
          version: ATTESTATION_FORMAT,
        };
        return {
          status: 200,
          body: { ...bundle, attributes: { ...bundle.attributes, attestation } },
          key: keyId('', key),
        };
      },
    }),
  );
}

export const attestation = part({ serve: (service: AttestationService) => ({ rows: attestationRows(service) }) });
