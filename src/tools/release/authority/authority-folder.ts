// Where a development authority lives: a folder with its key, its public key set and its name.
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DevAuthority, jwksOf, makeAuthority } from './issue-token.ts';

/** `trust.json` is what an instance is told in order to trust it. Refuses a folder that has one already. @throws Error EEXIST, RangeError */
export function createAuthorityFolder(folder: string, name: string): DevAuthority {
  const authority = makeAuthority(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pem = authority.key.export({ format: 'pem', type: 'pkcs8' }) as string;
  writeFileSync(join(folder, 'key.pem'), pem, { mode: 0o600, flag: 'wx' });
  const trust = { authority: authority.authority, jwks: jwksOf(authority) };
  writeFileSync(join(folder, 'trust.json'), `${JSON.stringify(trust, null, 2)}\n`);
  return authority;
}

/** @throws Error when the folder holds none */
export function openAuthorityFolder(folder: string): DevAuthority {
  const { authority } = JSON.parse(readFileSync(join(folder, 'trust.json'), 'utf8')) as { readonly authority: string };
  return { authority, key: createPrivateKey(readFileSync(join(folder, 'key.pem'))) };
}
