// What the embedded issuer is made of.
import type { AddedCertificate } from '../added-certificates.ts';
import type { Directory } from '../directory.ts';
import type { SigningKey } from './signing-key.ts';

export interface IssuerOptions {
  readonly profile: 'dev' | 'production';
  readonly directory: Directory;
  /** What applications sign in with beside the certificates of the directory, as it is now. */
  readonly addedCertificates: () => Promise<readonly AddedCertificate[]>;
  readonly signingKey: SigningKey;
  /** `iss` of every token. */
  readonly issuer: string;
  /** Exact `aud` values that tokens are issued for; the first is for requests that name none. */
  readonly audiences: readonly string[];
  /** Every URL under which clients know the token endpoint: what a client assertion may have as `aud`. */
  readonly tokenEndpoints: readonly string[];
  /** Keys of the sign-in pages' cookies. */
  readonly cookieKey: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}
