// Which foreign tokens stand for which application: `federation.json` in the control process's folder, written by the command
// line and read for every exchange, so that a credential that is removed is worth nothing any more.

import { join } from 'node:path';
import { replaceFile } from '../../../files/replace-file.ts';
import { guid, list, matching, oneOf, type Reader, record, ShapeError } from '../../../formats/shape.ts';
import { readListFile } from '../read-list-file.ts';
import { type SubjectMatch, wrongPattern } from './match-subject.ts';

export interface FederatedCredential {
  readonly name: string;
  /** Application (client) id. */
  readonly application: string;
  /** Exact `iss`. */
  readonly issuer: string;
  readonly subject: string;
  readonly match: SubjectMatch;
  /** Where the issuer's OpenID document is, or (one of the two) its keys themselves. */
  readonly discovery?: string;
  readonly jwksUri?: string;
  /** PEM of the only authority trusted for that address; absent: the system's. */
  readonly ca?: string;
}

const FILE = 'federation.json';
const FORMAT = 'strongroom federation 1';
const MAX_BYTES = 4 * 1024 * 1024;

const https = matching(/^https:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, 'an https address');
const credential: Reader<FederatedCredential> = (value, path) => {
  const read = record(
    {
      name: matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$/, 'a name of letters, digits and _.-'),
      application: guid,
      issuer: matching(/^https:\/\/[\x21-\x7e]{1,2000}$/, 'an https address, exactly as the issuer states it'),
      subject: matching(/^[\x21-\x7e]{1,600}$/, 'a text of 1 to 600 visible characters'),
      match: oneOf('exact', 'pattern'),
    },
    {
      discovery: https,
      jwksUri: https,
      ca: matching(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n -]{1,60000}$/, 'certificates in PEM'),
    },
  )(value, path);
  if ((read.discovery === undefined) === (read.jwksUri === undefined)) {
    throw new ShapeError(`${path} must have either discovery or jwksUri`);
  }
  const wrong = read.match === 'pattern' ? wrongPattern(read.subject) : undefined;
  if (wrong !== undefined) throw new ShapeError(`${path}.subject ${wrong}`);
  return read;
};

const readFederation: Reader<readonly FederatedCredential[]> = (value, path) => {
  const { credentials } = record({ format: oneOf(FORMAT), credentials: list(credential, 1000) })(value, path);
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
  return credentials;
};

/** @throws when the file is there and is not one of ours */
export function readCredentials(folder: string): Promise<readonly FederatedCredential[]> {
  return readListFile(
    join(folder, FILE),
    MAX_BYTES,
    (value) => readFederation(value, FILE),
    'correct it, or remove it and add the credentials again',
  );
}

/** @throws ShapeError saying what is wrong with them; nothing is written then */
export async function writeCredentials(folder: string, credentials: readonly FederatedCredential[]): Promise<void> {
  const file = { format: FORMAT, credentials };
  readFederation(JSON.parse(JSON.stringify(file)), FILE);
  await replaceFile(join(folder, FILE), `${JSON.stringify(file, undefined, 2)}\n`);
}
