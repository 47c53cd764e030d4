// What is uploaded to recover a security domain, in its two forms: the blob that clients make on one machine that has a
// quorum of private keys, and a domain file with packets that custodians made each on their own. Form only; the module
// judges.
import { fromBase64url, isSha256 } from './base64url.ts';
import { checkTags, type SecurityDomainFile } from './security-domain.ts';
import { ShapeError } from './shape.ts';

export interface RestoreBlob {
  readonly form: 'blob';
  readonly data: SecurityDomainFile['EncData']['data'];
  /** The master key, encrypted to the transfer key: a compact JWE. */
  readonly wrapped: string;
  /** x5t#S256 of the transfer certificate. */
  readonly recipient: string;
}

export interface GatheredQuorum {
  readonly form: 'packets';
  /** The domain file's text. */
  readonly domain: string;
  /** Custodian packets, not looked at. */
  readonly packets: unknown;
}

/** Far beyond ten custodians with the longest keys and packets. */
export const MAX_UPLOAD = 1024 * 1024;

/** @throws ShapeError */
export function parseUpload(text: string): RestoreBlob | GatheredQuorum {
  if (Buffer.byteLength(text, 'utf8') > MAX_UPLOAD) throw new ShapeError('the upload is longer than 1 MiB');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ShapeError('the upload is not JSON', { cause });
  }
  const { EncData, WrappedKey, SharedKeys, domain, packets } = membersOf(value);
  if (domain !== undefined || packets !== undefined) {
    if (EncData !== undefined || WrappedKey !== undefined) throw new ShapeError('the upload has two forms');
    if (typeof domain !== 'string') throw new ShapeError('domain is not the text of a security-domain file');
    return { form: 'packets', domain, packets };
  }
  if (SharedKeys !== undefined) {
    throw new ShapeError(
      'this is the security-domain file itself: make a restore blob of it, or gather packets of a quorum of custodians',
    );
  }
  return readBlob(membersOf(EncData), membersOf(WrappedKey));
}

type Members = Readonly<Record<string, unknown>>;

function readBlob({ data, kdf }: Members, { enc_key: wrapped, x5t_256: recipient }: Members): RestoreBlob {
  if (kdf !== 'sp108_kdf' || !Array.isArray(data)) throw new ShapeError('EncData is malformed');
  const entries = data.map((entry: unknown, index) => {
    const { compact_jwe: jwe, tag } = membersOf(entry);
    if (typeof tag !== 'string' || tag === '') throw new ShapeError(`EncData.data[${index}] has no tag`);
    return { compact_jwe: readJwe(jwe, `EncData.data[${index}].compact_jwe`), tag };
  });
  checkTags(entries);
  if (!isSha256(recipient)) throw new ShapeError('WrappedKey.x5t_256 is not a SHA-256 in base64url');
  return { form: 'blob', data: entries, wrapped: readJwe(wrapped, 'WrappedKey.enc_key'), recipient };
}

/** Some clients encode the compact form once more; it has dots, and what they make of it has none. */
function readJwe(value: unknown, member: string): string {
  if (typeof value !== 'string' || value === '') throw new ShapeError(`${member} is not a text`);
  if (value.includes('.')) return value;
  try {
    return fromBase64url(value).toString('latin1');
  } catch (cause) {
    throw new ShapeError(`${member} is not a compact JWE`, { cause });
  }
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}
