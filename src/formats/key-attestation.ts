// What the module says of a key, as both the module that signs it and the tool that verifies it read it. Each statement
// is a compact JWS (RS256) with a `typ` of its own, so that nothing else signed by the same key can pass for one.

export const ATTESTATION_FORMAT = 'strongroom-key-attestation-1';

export const STATEMENT_TYPES = {
  private: 'strongroom-private-key+jws',
  public: 'strongroom-public-key+jws',
} as const;

interface StatementBase {
  readonly format: typeof ATTESTATION_FORMAT;
  readonly instance: { readonly id: string; readonly name: string };
  readonly module: { readonly engine: string; readonly library: string; readonly fipsValidated: false };
  /** Unix seconds by the module's clock. */
  readonly issuedAt: number;
  /** `name`, `version`, `kty`, and the public members of the JWK; `size` for a symmetric key. */
  readonly key: Readonly<Record<string, string | number>>;
}

/** private: this module holds the key, bound to these rules · public: this is its public part. */
export type KeyStatement =
  | (StatementBase & {
      readonly statement: 'private';
      readonly keyOps: readonly string[];
      readonly exportable: boolean;
      /** As bound into the key: '' or a SHA-256 hash of the canonical policy, marked when it may never change. */
      readonly releasePolicy: string;
    })
  | (StatementBase & { readonly statement: 'public' });
