// The embedded issuer: Entra-shaped tokens of the directory's principals. What it does at which path is in `rows.ts`. It is a
// convenience of the dev profile and refuses to exist in production.
import type { Directory } from '../directory.ts';
import type { IssuerLibrary } from './issuer-library.ts';
import type { IssuerOptions } from './library-configuration.ts';

export interface Issuer {
  readonly directory: Directory;
  readonly issuer: string;
  readonly jwks: { readonly keys: readonly Readonly<object>[] };
  /** Loaded by the first who needs it. */
  library(): Promise<IssuerLibrary>;
}

export class IssuerRefused extends Error {
  override readonly name = 'IssuerRefused';
}

/** @throws IssuerRefused in the production profile */
export function createIssuer(options: IssuerOptions): Issuer {
  if (options.profile !== 'dev') {
    throw new IssuerRefused('the embedded issuer is for development: configure an issuer of your own in production');
  }
  const { directory, signingKey, issuer } = options;
  const [defaultAudience] = options.audiences;
  if (defaultAudience === undefined) throw new IssuerRefused('the issuer needs at least one audience');
  let library: Promise<IssuerLibrary> | undefined;
  return {
    directory,
    issuer,
    jwks: { keys: [{ ...signingKey.publicJwk, x5t: signingKey.kid, issuer }] },
    library() {
      library ??= import('./issuer-library.ts').then((module) => module.openIssuerLibrary(options, defaultAudience));
      // Not kept: who needs it next tries again.
      library.catch(() => {
        library = undefined;
      });
      return library;
    },
  };
}
