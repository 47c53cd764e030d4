// The body of a security-domain download: custodians' certificates and the quorum.
import { hash } from 'node:crypto';
import { member, readOptionalInteger, wrongType } from '../../http/body.ts';
import { toBytes } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';

export interface Download {
  /** Standard base64 DER, in the order of the request; the module parses and judges them. */
  readonly certificates: readonly string[];
  /** SHA-256 of each certificate, base64url: how shares are told apart. */
  readonly thumbprints: readonly string[];
  readonly required: number;
}

const MIN_CERTIFICATES = 3;
const MAX_CERTIFICATES = 10;
const MIN_REQUIRED = 2;

/** @throws ServiceError BadParameter */
export function readDownload(body: JsonObject): Download {
  const list = member(body, 'certificates');
  if (!Array.isArray(list) || list.length < MIN_CERTIFICATES || list.length > MAX_CERTIFICATES) {
    throw wrongType('certificates', `a list of ${MIN_CERTIFICATES} to ${MAX_CERTIFICATES} JWKs with x5c`);
  }
  const required = readOptionalInteger(body, 'required') ?? MIN_REQUIRED;
  if (required < MIN_REQUIRED || required > list.length) {
    throw wrongType('required', `from ${MIN_REQUIRED} to the number of certificates (${list.length})`);
  }
  const certificates = list.map(readCertificate);
  const thumbprints = certificates.map((der) => hash('sha256', Buffer.from(der, 'base64'), 'base64url'));
  if (new Set(thumbprints).size !== thumbprints.length) {
    throw badParameter("Property 'certificates' names a certificate twice: every custodian needs a key of their own");
  }
  return { certificates, thumbprints, required };
}

function readCertificate(jwk: unknown, index: number): string {
  const where = `certificates[${index}]`;
  if (typeof jwk !== 'object' || jwk === null) throw wrongType(where, 'a JWK');
  const x5c = member(jwk as JsonObject, 'x5c');
  const certificate = readBase64(Array.isArray(x5c) ? x5c[0] : undefined);
  if (certificate === undefined) throw wrongType(`${where}.x5c`, 'a list with the certificate as base64 DER');
  // What else a JWK says of the certificate is not read: azurerm sends as x5t#S256 the hash of the base64 text, and no n.
  return certificate;
}

/** As standard base64. */
function readBase64(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > 16_384) return undefined;
  try {
    return toBytes(text).toString('base64');
  } catch {
    return undefined; // it is no base64: refused by the name of its member
  }
}
