// The file that carries a wrapped key to an HSM (`.byok`), as the service's tools write it. Form only: whether the
// key-exchange key exists and the ciphertext unwraps is for the HSM to say.
import { Base64Error, fromBase64url, toBase64url } from './base64url.ts';
import { ShapeError } from './shape.ts';

export interface TransferBlob {
  /** Identifier of the key-exchange key. */
  readonly kid: string;
  readonly ciphertext: Uint8Array;
  /** What made the file, for people. */
  readonly generator: string;
}

export const TRANSFER_ENC = 'CKM_RSA_AES_KEY_WRAP';
const SCHEMA = '1.0.0';
/** RSA-4096 under RSA-4096 is about 2,900 bytes. */
const MAX_CIPHERTEXT = 16 * 1024;
const MAX_TEXT = 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function writeTransferBlob({ kid, ciphertext, generator }: TransferBlob): string {
  const header = { kid, alg: 'dir', enc: TRANSFER_ENC };
  return JSON.stringify({ schema_version: SCHEMA, header, ciphertext: toBase64url(ciphertext), generator });
}

/** @throws ShapeError */
export function readTransferBlob(bytes: Uint8Array): TransferBlob {
  const blob = object('the file', parse(bytes));
  const version = text('schema_version', blob['schema_version']);
  if (version !== SCHEMA) throw new ShapeError(`schema_version: must be '${SCHEMA}', not '${clip(version)}'`);
  const header = object('header', blob['header']);
  const kid = text('header.kid', header['kid']);
  expect('header.alg', header['alg'], 'dir');
  expect('header.enc', header['enc'], TRANSFER_ENC);
  const ciphertext = decode(text('ciphertext', blob['ciphertext']));
  const generator = blob['generator'] === undefined ? '' : text('generator', blob['generator']);
  return { kid, ciphertext, generator };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new ShapeError('the file: is not JSON in UTF-8', { cause });
  }
}

function object(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(`${field}: ${value === undefined ? 'is missing' : 'must be an object'}`);
  }
  return { __proto__: null, ...value };
}

function text(field: string, value: unknown): string {
  if (value === undefined) throw new ShapeError(`${field}: is missing`);
  if (typeof value !== 'string') throw new ShapeError(`${field}: must be a string`);
  if (field !== 'ciphertext' && value.length > MAX_TEXT) throw new ShapeError(`${field}: is too long`);
  return value;
}

function expect(field: string, value: unknown, wanted: string): void {
  const given = text(field, value);
  if (given !== wanted) throw new ShapeError(`${field}: must be '${wanted}', not '${clip(given)}'`);
}

/** Some tools pad, as base64 does. */
function decode(encoded: string): Buffer {
  try {
    const bytes = fromBase64url(encoded.replace(/={1,2}$/, ''));
    if (bytes.length === 0) throw new ShapeError('ciphertext: is empty');
    if (bytes.length > MAX_CIPHERTEXT) throw new ShapeError(`ciphertext: has more than ${MAX_CIPHERTEXT} bytes`);
    return bytes;
  } catch (cause) {
    if (!(cause instanceof Base64Error)) throw cause;
    throw new ShapeError('ciphertext: is not base64url (RFC 4648 §5)', { cause });
  }
}

function clip(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}
