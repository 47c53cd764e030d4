// Who a throw-away instance is and whom it trusts: ids of its own, one administrator, and an issuer that exists in this
// process alone. Its configuration names no host, no event receiver and no authority of anyone else.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignJWT } from 'jose/jwt/sign';
import { readBackupPlace } from '../deployment/backup-targets.ts';
import type { InstancePaths } from '../deployment/data-layout.ts';
import { issueAuthority, issueServer } from '../deployment/dev-ca/issue.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { readInstanceIdentity } from '../formats/instance-identity.ts';
import { flag, integer, record, text } from '../formats/shape.ts';

/** No public name ends like this (RFC 6761). */
const SUFFIX = '.throw-away.localhost';
const AUDIENCE = 'https://throw-away.localhost';
/** As long as such an instance may live. */
export const LIFETIME_S = 24 * 3600;

export interface ThrowAwayIdentity {
  readonly config: InstanceConfig;
  readonly authority: string;
  /** PEM of the authority that its certificate comes from. */
  readonly ca: string;
  /** The administrator's. */
  readonly token: string;
}

/** What whoever starts it says, as its one argument; place and identity as `instance.json` has them. */
export const readThrowAwayOptions = record(
  {
    name: text,
    /** Object id: who holds the token, also once roles were restored that name them. */
    administrator: text,
    /** Bytes that it will write. */
    needs: integer(0, 2 ** 63),
    /** It may lie on a disk, where no memory has that much room. */
    onDisk: flag,
  },
  {
    /** Where it may read backups, and under which identity. */
    backupPlace: readBackupPlace,
    backupIdentity: readInstanceIdentity,
  },
);
export type ThrowAwayOptions = ReturnType<typeof readThrowAwayOptions>;

/** Writes configuration, certificate and key set. */
export async function makeIdentity(
  { name, administrator, backupPlace, backupIdentity }: ThrowAwayOptions,
  places: InstancePaths,
): Promise<ThrowAwayIdentity> {
  for (const path of [places.root, places.module, places.store, places.audit, dirname(places.tlsKey)]) {
    makePrivateFolder(path);
  }
  const now = new Date();
  const authority = `${name}${SUFFIX}`;
  const ca = issueAuthority(now);
  const { key, certificate } = issueServer(ca, [authority], now);
  await writeFile(places.tlsKey, key, { mode: 0o600 });
  await writeFile(places.tlsCertificate, certificate, { mode: 0o600 });

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tenantId = randomUUID();
  const issuer = `${AUDIENCE}/${tenantId}`;
  const keysFile = `${places.root}/issuer-keys.json`;
  const kid = randomUUID();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
  await writeFile(keysFile, JSON.stringify({ keys: [jwk] }), { mode: 0o600 });
  const config: InstanceConfig = {
    profile: 'production',
    id: randomUUID(),
    name,
    tenantId,
    resourceId: `/throw-away/${name}`,
    region: 'local',
    hostNames: [{ authority, authorization: issuer, resource: AUDIENCE }],
    issuers: [{ issuers: [issuer], audiences: [AUDIENCE], jwksUri: `${issuer}/keys`, keysFile }],
    initialAdministrators: [administrator],
    softDeleteRetentionInDays: 90,
    purgeProtection: false,
    // One application walks the whole rehearsal, and the instance is gone after it.
    separation: 'azure',
    createdAt: now.toISOString(),
    throwAway: true,
    backupTargets: backupPlace === undefined ? [] : [backupPlace],
    ...(backupIdentity === undefined ? {} : { backupIdentity }),
  };
  await writeFile(places.config, JSON.stringify(config), { mode: 0o600 });
  const seconds = Math.floor(now.getTime() / 1000);
  const who = { oid: administrator, sub: administrator, appid: administrator, idtyp: 'app' };
  const when = { iat: seconds, nbf: seconds - 1, exp: seconds + LIFETIME_S };
  const token = await new SignJWT({ iss: issuer, aud: AUDIENCE, tid: tenantId, ...who, ...when })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .sign(privateKey);
  return { config, authority, ca: ca.certificate, token };
}
