// The import of a transfer blob as a request states it: the target key, and `key_hsm` with the whole file.
import { createHash } from 'node:crypto';
import { toBase64url } from '../../formats/base64url.ts';
import { ShapeError } from '../../formats/shape.ts';
import { readTransferBlob, type TransferBlob } from '../../formats/transfer-blob.ts';
import { member, readBytes } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter, type ServiceError } from '../../http/service-error.ts';
import { type ImportRequest, readImportRequest, readJwk } from '../keys/import.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import type { KeyVersion } from '../keys/key-version.ts';

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
    throw badParameter(`Property 'key.${clear}' must not come with 'key_hsm': one key has one form`);
  }
  const file = readBytes(jwk, 'key_hsm');
  const blob = parse(file);
  const blobHash = toBase64url(createHash('sha256').update(file).digest());
  const request = readImportRequest(body, jwk);
  if (request.kty === 'AKP-HSM') {
    throw badParameter("Property 'key_hsm': AKP keys are imported by their seed, as 'key.priv'");
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
    if (error instanceof ShapeError) throw badBlob(error.message, error);
    throw error;
  }
}

function badBlob(text: string, cause?: unknown): ServiceError {
  return badParameter(`Property 'key_hsm': ${text}`, { cause });
}

// The key-exchange key that a transfer blob names: it must be one of this HSM, made for import alone, and in use.

/**
 * @param kid identifier under any of the HSM's names; without version the current one is meant
 * @param hosts authorities of the HSM, `name` or `name:port`
 * @throws ServiceError BadParameter
 */
export function findKek(keys: KeyIndex, kid: string, hosts: readonly string[]): KeyVersion {
  const { name, version } = parseKid(kid, hosts);
  const key = keys.find(name, version);
  if (key === undefined) throw badKid('names no key of this HSM');
  if (key.kty !== 'RSA-HSM' || key.keyOps.length !== 1 || key.keyOps[0] !== 'import') {
    throw badKid("names a key that is no key-exchange key: RSA-HSM with key_ops exactly ['import']");
  }
  if (!key.attributes.enabled) throw badKid('names a key-exchange key that is disabled');
  return key;
}

function parseKid(kid: string, hosts: readonly string[]): { readonly name: string; readonly version?: string } {
  const url = URL.canParse(kid) ? new URL(kid) : undefined;
  const match = /^\/keys\/([0-9a-zA-Z-]{1,127})(?:\/([0-9a-zA-Z]{0,32}))?\/?$/.exec(url?.pathname ?? '');
  if (url?.protocol !== 'https:' || match === null || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw badKid('is not a key identifier, https://{hsm}/keys/{name}/{version}');
  }
  if (!hosts.some((host) => new URL(`https://${host}`).host === url.host)) throw badKid('is of another HSM');
  const [, name = '', version] = match;
  return { name, ...(version === undefined ? {} : { version: version.toLowerCase() }) };
}

function badKid(text: string): Error {
  return badBlob(`header.kid: ${text}`);
}
