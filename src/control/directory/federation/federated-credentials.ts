// Which foreign tokens stand for which application, written by the command line and read for every exchange, so that a
// credential that is removed is worth nothing any more.
import { guid, matching, oneOf, type Reader, record, ShapeError } from '../../../formats/shape.ts';
import { listFile } from '../list-file.ts';
import { wrongPattern } from './match-subject.ts';

const https = matching(/^https:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, 'an https address');
const members = record(
  {
    name: matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/, 'a name of letters, digits and _.-'),
    /** Application (client) id. */
    application: guid,
    /** Exact `iss`. */
    issuer: matching(/^https:\/\/[\x21-\x7e]{1,2000}$/, 'an https address, exactly as the issuer states it'),
    subject: matching(/^[\x21-\x7e]{1,600}$/, 'a text of 1 to 600 visible characters'),
    match: oneOf('exact', 'pattern'),
  },
  {
    /** Where the issuer's OpenID document is, or (one of the two) its keys themselves. */
    discovery: https,
    jwksUri: https,
    /** The only authority trusted for that address; absent: the system's. */
    ca: matching(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n -]{1,60000}$/, 'certificates in PEM'),
  },
);
export type FederatedCredential = ReturnType<typeof members>;

const credential: Reader<FederatedCredential> = (value, path) => {
  const read = members(value, path);
  if ((read.discovery === undefined) === (read.jwksUri === undefined)) {
    throw new ShapeError(`${path} must have either discovery or jwksUri`);
  }
  const wrong = read.match === 'pattern' ? wrongPattern(read.subject) : undefined;
  if (wrong !== undefined) throw new ShapeError(`${path}.subject ${wrong}`);
  return read;
};

function checkTogether(credentials: readonly FederatedCredential[], path: string): void {
  const names = new Set<string>();
  const trusts = new Map<string, string>();
  for (const { name, issuer, discovery, jwksUri, ca } of credentials) {
    if (names.has(name)) throw new ShapeError(`${path} has two credentials named ${name}`);
    names.add(name);
    const trust = JSON.stringify([discovery, jwksUri, ca]);
    // An issuer has one set of keys; a second way to it would be a second issuer of that name.
    if ((trusts.get(issuer) ?? trust) !== trust) throw new ShapeError(`${path} has different keys for ${issuer}`);
    trusts.set(issuer, trust);
  }
}

export const { read: readCredentials, write: writeCredentials } = listFile({
  file: 'federation.json',
  format: 'strongroom federation 1',
  member: 'credentials',
  item: credential,
  check: checkTogether,
  cure: 'correct it, or remove it and add the credentials again',
});
