// The rows of the cryptographic operations, with and without a version in the path, and how one is performed: the module is asked
// once key and inputs are known to fit (`rules.ts`).
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError, EXTERNAL_MU, type ReplyOf } from '../../crypto/protocol/messages.ts';
import { type Algorithm, type Operation, operations } from '../../formats/algorithms.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { type Answer, type AnyRow, type RowRequest, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { bindingOf, type KeyVersion, keyId } from '../keys/key-version.ts';
import { part } from '../part.ts';
import { type AskedOperation, type OperationRequest, readOperation } from './read-operation.ts';
import { checkFits, checkUsable, withAlgorithm } from './rules.ts';

const operationRows = [
  { operation: 'encrypt', segment: 'encrypt', operationName: 'KeyEncrypt', dataAction: 'encrypt' },
  { operation: 'decrypt', segment: 'decrypt', operationName: 'KeyDecrypt', dataAction: 'decrypt' },
  { operation: 'wrapKey', segment: 'wrapkey', operationName: 'KeyWrap', dataAction: 'wrap' },
  { operation: 'unwrapKey', segment: 'unwrapkey', operationName: 'KeyUnwrap', dataAction: 'unwrap' },
  { operation: 'sign', segment: 'sign', operationName: 'KeySign', dataAction: 'sign' },
  { operation: 'verify', segment: 'verify', operationName: 'KeyVerify', dataAction: 'verify' },
] as const;

export function keyOperationRows(service: Performing & { readonly keys: KeyIndex }): readonly AnyRow[] {
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
        weight: ({ params: { name = '', version } }) => weightOf(service.keys.find(name, version), operation),
        handle: (request) =>
          performOperation(requireKey(service.keys, request), operation, request.body, request, service),
      }),
    ),
  );
}

export const keyOperations = part({
  serve: (service: Parameters<typeof keyOperationRows>[0]) => ({ rows: keyOperationRows(service) }),
});

interface Performing {
  readonly crypto: CryptoClient;
  /** Unix seconds. */
  readonly now: () => number;
}

const OPENS: readonly Operation[] = ['sign', 'decrypt', 'unwrapKey'];

/** In RSA-2048 signatures; 0: the module is done before anybody notices. */
function weightOf(key: KeyVersion | undefined, operation: Operation): number {
  switch (key?.publicKey.kty) {
    case 'RSA-HSM': {
      const bits = key.publicKey.n.length * 6;
      return OPENS.includes(operation) ? (bits < 2_100 ? 1 : bits < 3_200 ? 3 : 6) : 0;
    }
    case 'EC-HSM':
      return key.publicKey.crv === 'P-256' ? 0 : 1;
    case 'AKP-HSM':
      return 3;
    default:
      return 0;
  }
}

type Result = ReplyOf<'operate'>;

const MU = Uint8Array.of(EXTERNAL_MU);
const AES_BLOCK = 16;

function performOperation(
  key: KeyVersion,
  operation: Operation,
  asked: AskedOperation,
  { apiVersion, origin }: Pick<RowRequest<unknown>, 'apiVersion' | 'origin'>,
  { crypto, now }: Performing,
): Promise<Answer> {
  checkUsable(key, operation, now());
  const request = withAlgorithm(key, asked);
  checkFits(key, operation, request, apiVersion);
  const { algorithm, proof } = request;
  const input = wholeBlocks(operation, request);
  const aad = isCbc(algorithm) ? undefined : (request.aad ?? request.context);
  const iv = request.externalMu === true ? MU : request.iv;
  const wrapped = { cacheId: key.blobId, binding: bindingOf(key), blob: key.blob };
  return crypto
    .operate(wrapped, operations[operation].code, algorithm.code, { input, proof, iv, aad })
    .then((result) => answerOf(key, operation, { algorithm, iv, aad, origin }, result), refuse);
}

interface Performed {
  readonly algorithm: Algorithm;
  readonly iv: Uint8Array | undefined;
  readonly aad: Uint8Array | undefined;
  readonly origin: string;
}

function answerOf(
  key: KeyVersion,
  operation: Operation,
  { algorithm, iv, aad, origin }: Performed,
  result: Result,
): Answer {
  const kid = keyId('', key);
  const valid = result.output[0] === 1;
  if (key.kty === 'AKP-HSM') {
    const signature = `{"kid":"${origin + kid}","value":"${toBase64url(result.output)}"}`;
    return { status: 200, body: operation === 'verify' ? `{"value":${valid}}` : signature, key: kid };
  }
  if (operation === 'verify') {
    return { status: 200, body: `{"alg":"${algorithm.name}","kid":"${origin + kid}","value":${valid}}`, key: kid };
  }
  // Of CBC the iv is the client's; the service gives it back to who encrypts.
  const shown = operation === 'encrypt' && isCbc(algorithm) ? { ...result, iv: iv ?? result.iv } : result;
  return { status: 200, body: resultJson(algorithm.name, origin + kid, shown, aad), key: kid };
}

function isCbc({ scheme }: Algorithm): boolean {
  return scheme.kind === 'aes-cbc' || scheme.kind === 'aes-cbc-pad';
}

/** CBC without padding takes whole blocks: the service fills the last one up with zero bytes, and leaves them to who decrypts. */
function wholeBlocks(operation: Operation, { algorithm, input }: OperationRequest): Buffer {
  const spare = input.length % AES_BLOCK;
  if (operation !== 'encrypt' || algorithm.scheme.kind !== 'aes-cbc' || spare === 0) return input;
  return Buffer.concat([input], input.length + AES_BLOCK - spare);
}

/** Written by hand because every member is base64url or checked already, and this is the busiest answer. */
function resultJson(alg: string, kid: string, result: Result, aad: Uint8Array | undefined): string {
  const echoed = result.tag.length > 0 && aad !== undefined ? `"aad":"${toBase64url(aad)}",` : '';
  const iv = result.iv.length > 0 ? `,"iv":"${toBase64url(result.iv)}"` : '';
  const tag = result.tag.length > 0 ? `,"tag":"${toBase64url(result.tag)}"` : '';
  return `{${echoed}"alg":"${alg}"${iv},"kid":"${kid}"${tag},"value":"${toBase64url(result.output)}"}`;
}

/** One text for every failed decryption: what exactly was wrong would help an attacker guess. */
function refuse(error: unknown): never {
  if (error instanceof CryptoError) {
    switch (error.code) {
      case 'CryptoFailed':
        throw badParameter('The value could not be decrypted or unwrapped with this key and algorithm', {
          cause: error,
        });
      case 'BadRequest':
      case 'AlgorithmNotSupported':
        throw badParameter(error.message, { cause: error });
      case 'OperationNotAllowed':
        throw new ServiceError('Forbidden', error.message, { cause: error, innerCode: 'KeyOperationForbidden' });
      default:
    }
  }
  throw error;
}
