// The directory that the dev profile starts with. Its shape is fixed, ids and secrets are random; the secrets are
// returned once, for the environment file, and are nowhere else afterwards.
import type { Directory } from './directory.ts';
import { hashSecret } from './secret-hash.ts';

type RandomBytes = (size: number) => Uint8Array;

/** The public client that the stock command line and the SDKs' interactive credentials use: its id is fixed in them. */
const STOCK_PUBLIC_CLIENT = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const DOMAIN = 'strongroom.localhost';

/** Ids and secrets, at once. */
export function drawDevSecrets(random: RandomBytes) {
  const id = (): string => randomGuid(random);
  // Hexadecimal: one that began with '-', as base64url can, would be taken for an option by the command lines that get it.
  const secret = (): string => Buffer.from(random(32)).toString('hex');
  const applicationLogin = () => ({ appId: id(), oid: id(), secret: secret() });
  const userLogin = (name: string) => ({ oid: id(), upn: `${name}@${DOMAIN}`, password: secret() });
  return {
    tenantId: id(),
    applications: { admin: applicationLogin(), owner: applicationLogin(), consumer: applicationLogin() },
    users: { alice: userLogin('alice'), bob: userLogin('bob') },
    operatorsGroupOid: id(),
  };
}
export type DevSecrets = ReturnType<typeof drawDevSecrets>;

export async function createDevDirectory(random: RandomBytes, secrets: DevSecrets = drawDevSecrets(random)) {
  const id = (): string => randomGuid(random);
  const application = async (displayName: string, login: DevSecrets['applications']['admin']) => ({
    appId: login.appId,
    oid: login.oid,
    displayName,
    secrets: [{ keyId: id(), hash: await hashSecret(login.secret, random(16)) }],
    certificates: [],
  });
  const user = async (displayName: string, login: DevSecrets['users']['alice']) => ({
    oid: login.oid,
    upn: login.upn,
    displayName,
    passwordHash: await hashSecret(login.password, random(16)),
  });
  // At once: their hashes are made to take long.
  const users = await Promise.all([user('Alice', secrets.users.alice), user('Bob', secrets.users.bob)]);
  const applications = await Promise.all([
    application('strongroom-dev-admin', secrets.applications.admin),
    application('strongroom-dev-owner', secrets.applications.owner),
    application('strongroom-dev-consumer', secrets.applications.consumer),
  ]);
  const directory: Directory = {
    version: 1,
    tenantId: secrets.tenantId,
    domain: DOMAIN,
    users,
    groups: [{ oid: secrets.operatorsGroupOid, displayName: 'hsm-operators', members: [secrets.users.alice.oid] }],
    applications: [
      ...applications,
      {
        appId: STOCK_PUBLIC_CLIENT,
        oid: id(),
        displayName: 'Command line and SDK sign-in',
        secrets: [],
        certificates: [],
        redirectUris: ['http://localhost', 'http://localhost/', 'http://127.0.0.1', 'http://127.0.0.1/'],
      },
    ],
    managedIdentities: [{ clientId: id(), oid: id(), displayName: 'strongroom-dev-identity' }],
  };
  return { directory, secrets };
}

/** A random (version 4) GUID from the given source. */
function randomGuid(random: RandomBytes): string {
  const bytes = Buffer.from(random(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const OWNERS = ['strongroom-dev-admin', 'strongroom-dev-owner'];

/** Object ids of the applications that own the dev subscription. */
export function devOwners({ applications }: Directory): readonly string[] {
  return applications.filter(({ displayName }) => OWNERS.includes(displayName)).map(({ oid }) => oid);
}
