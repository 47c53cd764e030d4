// A certificate without what follows from the private key: its modulus, and the signature if the key made it itself. It
// comes back to the byte.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { fromBase64url } from '../../../formats/base64url.ts';
import { DerReader, SEQUENCE } from '../../../formats/der.ts';

export interface CompactCertificate {
  /** Without the parts below. */
  readonly rest: Uint8Array;
  /** Where in the certificate the modulus is; 0: it was not cut out. */
  readonly modulusAt: number;
  /** 1: the signature, which ends the certificate, was cut out. */
  readonly selfSigned: number;
}

export function compactCertificate(der: Buffer, key: KeyObject): CompactCertificate {
  const modulus = modulusOf(key);
  const at = der.indexOf(modulus);
  const modulusAt = at > 0 && der.indexOf(modulus, at + 1) < 0 ? at : 0;
  const signature = signatureOf(der, key);
  const selfSigned = der.subarray(-signature.length).equals(signature) ? 1 : 0;
  const end = selfSigned === 1 ? der.length - signature.length : der.length;
  const rest =
    modulusAt === 0
      ? der.subarray(0, end)
      : Buffer.concat([der.subarray(0, modulusAt), der.subarray(modulusAt + modulus.length, end)]);
  return { rest, modulusAt, selfSigned };
}

export function wholeCertificate({ rest, modulusAt, selfSigned }: CompactCertificate, key: KeyObject): Buffer {
  const modulus = modulusOf(key);
  const unsigned =
    modulusAt === 0
      ? Buffer.from(rest)
      : Buffer.concat([rest.subarray(0, modulusAt), modulus, rest.subarray(modulusAt)]);
  if (selfSigned === 0) return unsigned;
  const signature = Buffer.alloc(modulus.length);
  return Buffer.concat([unsigned, signatureOf(Buffer.concat([unsigned, signature]), key)]);
}

function modulusOf(key: KeyObject): Buffer {
  return fromBase64url(createPublicKey(key).export({ format: 'jwk' }).n ?? '');
}

/** Over the TBSCertificate, as sha256WithRSAEncryption, which is always the same. */
function signatureOf(der: Buffer, key: KeyObject): Buffer {
  const content = new DerReader(der).take(SEQUENCE);
  const reader = new DerReader(content);
  reader.take(SEQUENCE);
  return sign('sha256', content.subarray(0, content.length - reader.rest().length), key);
}
