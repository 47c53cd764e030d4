// Known answers by which a rehearsal tells whether keys came back: random values wrapped under keys while the instance ran,
// each with the hash of the value; and public keys that signatures must verify with. Nothing in it is secret.
import { list, matching, oneOf, type Reader, record, ShapeError, text } from './shape.ts';

export const SAMPLES_FORMAT = 'strongroom rehearsal samples 1';

const keyName = matching(/^[0-9A-Za-z-]{1,127}$/, 'the name of a key');
const version = matching(/^[0-9a-f]{32}$/, 'the version of a key');
const algorithm = matching(/^[A-Za-z0-9-]{1,32}$/, 'an algorithm');
const base64url = matching(/^[\w-]{1,2048}$/, 'base64url');
const common = { name: keyName, version, algorithm } as const;
const unwrap = record({ ...common, kind: oneOf('unwrap'), ciphertext: base64url, hash: base64url });
/** Members of the JWK. */
const publicKey: Reader<Readonly<Record<string, string>>> = record(
  { kty: oneOf('RSA', 'EC') },
  { n: base64url, e: base64url, crv: text, x: base64url, y: base64url },
);
const sign = record({ ...common, kind: oneOf('sign'), publicKey });

export type Sample = ReturnType<typeof unwrap> | ReturnType<typeof sign>;
const sample: Reader<Sample> = (value, path) => {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  return kind === 'sign' ? sign(value, path) : unwrap(value, path);
};

const shape = record({
  format: oneOf(SAMPLES_FORMAT),
  instance: text,
  /** ISO time. */
  madeAt: text,
  samples: list(sample, 1000),
});
export type Samples = ReturnType<typeof shape>;

/** @throws ShapeError naming the member */
export function readSamples(written: string): Samples {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch (cause) {
    throw new ShapeError('it is not JSON: incomplete, or another file', { cause });
  }
  return shape(value, 'samples');
}
