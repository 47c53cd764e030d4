// Reads `issuers` of a configuration: whose tokens are taken, and what their claims say. Strict: a member that is not
// known would be a rule that its author believes in and nobody applies.
import { integer, list, matching, type Reader, record, ShapeError } from '../formats/shape.ts';
import { filled, identifiesPeople, readClaimMapping } from '../http/claim-mapping.ts';

const name = matching(/^[\x21-\x7e]{1,2048}$/, 'a text without blanks');
const audiences: Reader<readonly string[]> = (value, path) => filled(list(name, 64)(value, path), path);
const https = matching(/^https:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, 'an https address');
const file = matching(/^\/[^\0\r\n]{1,4095}$/, 'the absolute path of a file');
const rules = record(
  {
    /** Exact `iss` values; with `discovery` the one that the document states. */
    issuers: audiences,
    audiences,
  },
  {
    /** Accepted under names of a vault, and there alone. */
    vaultAudiences: audiences,
    /** Those of the resource manager, accepted under the name of kind `arm` alone. */
    armAudiences: audiences,
    jwksUri: https,
    discovery: https,
    /** PEM file of the authority of the addresses; absent: the system's. */
    caFile: file,
    /** The key set as a file: then nothing is fetched, and `jwksUri` only names it. */
    keysFile: file,
    /** Seconds that its clock may be ahead of ours; absent: 60. */
    clockSkew: integer(0, 300),
    /** Which claims say what; absent: as Entra ID has them. */
    claims: readClaimMapping,
  },
);
type Rules = ReturnType<typeof rules>;
/** Whose tokens are taken. Its public keys are at `jwksUri`, or where the OpenID document at `discovery` says. */
export type TrustedIssuer = Omit<Rules, 'jwksUri' | 'discovery' | 'keysFile'> &
  ((Pick<Rules, 'keysFile'> & { readonly jwksUri: string }) | { readonly discovery: string });

const issuer: Reader<TrustedIssuer> = (value, path) => {
  const read = rules(value, path);
  if (read.claims?.applicationMark !== undefined && !identifiesPeople(read.claims)) {
    throw new ShapeError(
      `${path}.claims.applicationMark leaves open who is a person: set personMark too, to what only tokens of people have`,
    );
  }
  const { jwksUri, discovery, ...common } = read;
  if (jwksUri !== undefined && discovery === undefined) return { ...common, jwksUri };
  if (jwksUri === undefined && discovery !== undefined) {
    if (read.issuers.length !== 1) {
      throw new ShapeError(`${path}.issuers must be the one name that the document at ${path}.discovery states`);
    }
    if (read.keysFile !== undefined) throw new ShapeError(`${path}.keysFile goes with jwksUri, not with discovery`);
    return { ...common, discovery };
  }
  throw new ShapeError(`${path} must have either jwksUri or discovery: where the issuer's public keys are`);
};

/** @throws ShapeError naming the member that is wrong */
export const readTrustedIssuers: Reader<readonly TrustedIssuer[]> = (value, path) => {
  const issuers = filled(list(issuer, 64)(value, path), path);
  const seen = new Set<string>();
  for (const one of issuers.flatMap((each) => each.issuers)) {
    if (seen.has(one)) throw new ShapeError(`${path} names the issuer ${one} twice`);
    seen.add(one);
  }
  if (issuers.filter((each) => each.claims?.ids !== 'derived').length > 1) {
    throw new ShapeError(
      `${path}: more than one issuer names people by GUID, so that each could name those of the other: set claims.ids to 'derived' for all but one`,
    );
  }
  return issuers;
};

/**
 * What is missing where duties are separated: that takes people, so each issuer has to tell them from programs.
 * @returns the member and what to set; undefined: nothing is missing
 */
export function missingPersonMark(issuers: readonly TrustedIssuer[]): string | undefined {
  const at = issuers.findIndex(({ claims: mapping = {} }) => !identifiesPeople(mapping));
  const found = issuers[at];
  if (found === undefined) return undefined;
  return (
    `issuers[${at}].claims.personMark is missing: nothing says which tokens of ${found.issuers[0]} are of people, and duties are ` +
    'separated between people. Set {"claim": "…", "value": "…"} to what only their tokens have, or null if it has no people'
  );
}
