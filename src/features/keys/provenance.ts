// Where a key came from that was not made here. Written once with the version, never changed.
import { integer, oneOf, type Reader, record, text } from '../../formats/shape.ts';

interface Arrival {
  /** Unix seconds. */
  readonly at: number;
  /** Object id of the caller. */
  readonly by: string;
  /** Id of the role assignment that let the caller in. */
  readonly authorisedBy: string;
}

/** A JWK with the private key in the clear inside TLS. */
export interface PlainProvenance extends Arrival {
  readonly source: 'plain-jwk';
}

/** A transfer blob, opened in the module alone. */
export interface ByokProvenance extends Arrival {
  readonly source: 'byok';
  /** The key-exchange key: path of its version, and JWK thumbprint (RFC 7638). */
  readonly kek: string;
  readonly kekThumbprint: string;
  /** SHA-256 of the transfer file as it was sent, base64url. */
  readonly blobHash: string;
  /** What the file says about the tool that made it; the sender's word. */
  readonly generator: string;
}

export type Provenance = PlainProvenance | ByokProvenance;

const arrival = { at: integer(0, Number.MAX_SAFE_INTEGER), by: text, authorisedBy: text };
const plain = record({ source: oneOf('plain-jwk'), ...arrival });
const byok = record({
  source: oneOf('byok'),
  ...arrival,
  kek: text,
  kekThumbprint: text,
  blobHash: text,
  generator: text,
});

/** As it is kept. @throws ShapeError */
export const readProvenance: Reader<Provenance> = (value, path) => {
  const { source } = value as { readonly source?: unknown };
  return source === 'byok' ? byok(value, path) : plain(value, path);
};
