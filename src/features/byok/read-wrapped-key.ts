// The import of a transfer blob as a request states it: the target key, and `key_hsm` with the whole file.
import { createHash } from 'node:crypto';
import { toBase64url } from '../../formats/base64url.ts';
import { readTransferBlob, type TransferBlob, TransferBlobError } from '../../formats/transfer-blob.ts';
import { member, readBytes } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { isAbsent } from '../../http/tolerance.ts';
import { type ImportRequest, readImportRequest, readJwk } from '../keys/import.ts';

export interface ImportWrappedKey extends ImportRequest {
  readonly blob: TransferBlob;
  /** SHA-256 of the file, base64url. */
  readonly blobHash: string;
}

const CLEAR_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv'];

/** @throws ServiceError BadParameter, naming the field of the blob */
export function readWrappedKey(body: JsonObject): ImportWrappedKey {
  const jwk = readJwk(body);
  const clear = CLEAR_MEMBERS.find((name) => !isAbsent(member(jwk, name)));
  if (clear !== undefined) {
    throw new ServiceError(
      'BadParameter',
      `Property 'key.${clear}' must not come with 'key_hsm': one key has one form`,
    );
  }
  const file = readBytes(jwk, 'key_hsm');
  const blob = parse(file);
  const blobHash = toBase64url(createHash('sha256').update(file).digest());
  const request = readImportRequest(body, jwk);
  if (request.kty === 'AKP-HSM') {
    throw new ServiceError('BadParameter', "Property 'key_hsm': AKP keys are imported by their seed, as 'key.priv'");
  }
  return { ...request, blob, blobHash };
}

export function hasWrappedKey(body: JsonObject): boolean {
  const key = member(body, 'key');
  return typeof key === 'object' && key !== null && !isAbsent(member(key as JsonObject, 'key_hsm'));
}

function parse(file: Uint8Array): TransferBlob {
  try {
    return readTransferBlob(file);
  } catch (error) {
    if (error instanceof TransferBlobError) throw badBlob(error.message, error);
    throw error;
  }
}

export function badBlob(text: string, cause?: unknown): ServiceError {
  return new ServiceError('BadParameter', `Property 'key_hsm': ${text}`, { cause });
}
