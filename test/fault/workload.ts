// Clients that change keys and roles and use keys all at once until the service is gone, and a ledger of what they were
// told was done. Afterwards everything in the ledger must hold; what was asked but not answered may hold or not.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Answered, InstanceClient } from '../support/instance-client.ts';

const CRYPTO_AUDITOR = '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3';

interface Version {
  /** The tag of the last acknowledged update, and that of one that was not answered. */
  readonly path: string;
  tag: string;
  unanswered: string | undefined;
}

interface Sealed {
  readonly path: string;
  readonly data: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

type Presence = 'there' | 'gone' | 'unanswered';

export class Ledger {
  /** Of the names of the keys that it changes, so that no other ledger has them. */
  readonly prefix = `fault-${randomUUID()}`;
  readonly versions: Version[] = [];
  /** Names that a create was asked for without an answer. */
  readonly unansweredCreates = new Map<string, number>();
  readonly assignments = new Map<string, Presence>();
  sealed: Sealed[] = [];
  readonly requestIds: string[] = [];
  /** Statuses of answers that refused something; none is expected while all is well. */
  readonly refusals: string[] = [];
  changes = 0;
  operations = 0;

  note(answered: Answered, what: string): boolean {
    // What cannot be recorded is answered with 503, and then not recorded.
    if (answered.status !== 503) this.requestIds.push(answered.requestId);
    if (answered.status < 300) return true;
    this.refusals.push(`${what}: ${answered.status} ${answered.text}`);
    return false;
  }
}

const value = (answered: Answered): Record<string, string> => answered.json as Record<string, string>;
const pathOf = (answered: Answered): string => new URL((answered.json['key'] as { kid: string }).kid).pathname;

/** Makes the keys that the operations use. */
export async function prepare(client: InstanceClient): Promise<void> {
  for (const [name, body] of [
    ['fault-aes', { kty: 'oct-HSM', key_size: 256 }],
    ['fault-ec', { kty: 'EC-HSM', crv: 'P-256' }],
    ['fault-rsa', { kty: 'RSA-HSM', key_size: 2048 }],
  ] as const) {
    const made = await client.ask('POST', `/keys/${name}/create`, body);
    assert.equal(made.status, 200, made.text);
  }
}

/** Runs until `signal` says so or the connection is lost; each client ends by itself. */
export async function runWorkload(client: InstanceClient, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const again = async (step: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      try {
        await step();
      } catch (error) {
        // A cut connection is what these tests are about; anything else is a mistake of theirs.
        if (!isConnectionError(error)) throw error;
        return;
      }
    }
  };
  await Promise.all([
    ...['a', 'b', 'c'].map((name) => again(() => changeKey(client, ledger, `${ledger.prefix}-${name}`))),
    ...['a', 'b'].map((name) => again(() => changeRoles(client, ledger, `${ledger.prefix}-${name}`))),
    ...[1, 2, 3].map(() => again(() => seal(client, ledger))),
    again(() => sign(client, ledger)),
    again(() => wrap(client, ledger)),
  ]);
}

async function changeKey(client: InstanceClient, ledger: Ledger, name: string): Promise<void> {
  ledger.unansweredCreates.set(name, (ledger.unansweredCreates.get(name) ?? 0) + 1);
  const made = await client.ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM', tags: { n: 'made' } });
  if (!ledger.note(made, 'create')) return;
  ledger.unansweredCreates.set(name, (ledger.unansweredCreates.get(name) ?? 0) - 1);
  ledger.changes++;
  const version: Version = { path: pathOf(made), tag: 'made', unanswered: undefined };
  ledger.versions.push(version);
  for (let turn = 0; turn < 4; turn++) {
    const tag = randomUUID();
    version.unanswered = tag;
    const changed = await client.ask('PATCH', version.path, { tags: { n: tag } });
    if (!ledger.note(changed, 'update')) return;
    version.tag = tag;
    version.unanswered = undefined;
    ledger.changes++;
  }
}

const assignmentPath = (guid: string): string => `/providers/Microsoft.Authorization/roleAssignments/${guid}`;

async function changeRoles(client: InstanceClient, ledger: Ledger, name: string): Promise<void> {
  const guid = randomUUID();
  const path = `/keys/${name}${assignmentPath(guid)}`;
  const roleDefinitionId = `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${CRYPTO_AUDITOR}`;
  ledger.assignments.set(path, 'unanswered');
  const made = await client.ask('PUT', path, { properties: { roleDefinitionId, principalId: randomUUID() } });
  if (!ledger.note(made, 'assign')) return;
  ledger.assignments.set(path, 'there');
  ledger.changes++;
  // One of eight stays: a scope does not take any number of them.
  if (randomBytes(1).readUInt8() < 32) return;
  ledger.assignments.set(path, 'unanswered');
  const deleted = await client.ask('DELETE', path);
  if (!ledger.note(deleted, 'revoke')) return;
  ledger.assignments.set(path, 'gone');
  ledger.changes++;
}

async function seal(client: InstanceClient, ledger: Ledger): Promise<void> {
  const data = randomBytes(32).toString('base64url');
  const sealed = await client.ask('POST', '/keys/fault-aes/encrypt', { alg: 'A256GCM', value: data });
  if (!ledger.note(sealed, 'encrypt')) return;
  ledger.sealed.push({ path: new URL(value(sealed)['kid'] ?? '').pathname, data, answer: sealed.json });
  ledger.operations++;
  const opened = await open(client, ledger.sealed.at(-1) as Sealed);
  if (ledger.note(opened, 'decrypt')) assert.equal(value(opened)['value'], data);
}

async function sign(client: InstanceClient, ledger: Ledger): Promise<void> {
  const digest = randomBytes(32).toString('base64url');
  const signed = await client.ask('POST', '/keys/fault-ec/sign', { alg: 'ES256', value: digest });
  if (!ledger.note(signed, 'sign')) return;
  ledger.operations++;
  const body = { alg: 'ES256', digest, value: value(signed)['value'] };
  const verified = await client.ask('POST', '/keys/fault-ec/verify', body);
  if (ledger.note(verified, 'verify')) assert.equal(verified.json['value'], true);
}

async function wrap(client: InstanceClient, ledger: Ledger): Promise<void> {
  const data = randomBytes(32).toString('base64url');
  const wrapped = await client.ask('POST', '/keys/fault-rsa/wrapkey', { alg: 'RSA-OAEP-256', value: data });
  if (!ledger.note(wrapped, 'wrap')) return;
  ledger.operations++;
  const body = { alg: 'RSA-OAEP-256', value: value(wrapped)['value'] };
  const unwrapped = await client.ask('POST', `${new URL(value(wrapped)['kid'] ?? '').pathname}/unwrapkey`, body);
  if (ledger.note(unwrapped, 'unwrap')) assert.equal(value(unwrapped)['value'], data);
}

function open(client: InstanceClient, { path, answer }: Sealed): Promise<Answered> {
  return client.ask('POST', `${path}/decrypt`, {
    alg: 'A256GCM',
    value: answer['value'],
    iv: answer['iv'],
    tag: answer['tag'],
  });
}

/** Everything that was acknowledged is there; what was not answered is settled now, one way or the other. */
export async function checkLedger(client: InstanceClient, ledger: Ledger): Promise<void> {
  await Promise.all([checkVersions(client, ledger), checkAssignments(client, ledger), checkSealed(client, ledger)]);
}

async function checkVersions(client: InstanceClient, ledger: Ledger): Promise<void> {
  for (const [name, unanswered] of ledger.unansweredCreates) {
    const acknowledged = ledger.versions.filter(({ path }) => path.startsWith(`/keys/${name}/`));
    const found = await listVersions(client, name);
    for (const { path } of acknowledged) assert.ok(found.includes(path), `${path} was acknowledged and is gone`);
    const spare = found.length - acknowledged.length;
    assert.ok(spare <= unanswered, `${name} has ${spare} versions nobody was told of; ${unanswered} were asked for`);
  }
  await inTurns(ledger.versions, async (version) => {
    const got = await client.ask('GET', version.path);
    assert.equal(got.status, 200, `${version.path}: ${got.text}`);
    const tag = (got.json['tags'] as { n: string }).n;
    const allowed = [version.tag, version.unanswered];
    assert.ok(allowed.includes(tag), `${version.path} has the tag ${tag}, none of ${allowed.join(', ')}`);
    version.tag = tag;
    version.unanswered = undefined;
  });
}

async function listVersions(client: InstanceClient, name: string): Promise<string[]> {
  const paths: string[] = [];
  let next: string | undefined = `/keys/${name}/versions`;
  while (next !== undefined) {
    const page = await client.ask('GET', next);
    assert.equal(page.status, 200, page.text);
    paths.push(...(page.json['value'] as { kid: string }[]).map(({ kid }) => new URL(kid).pathname));
    const link = page.json['nextLink'] as string | undefined;
    next = link === undefined ? undefined : new URL(link).pathname + new URL(link).search;
  }
  return paths;
}

async function checkAssignments(client: InstanceClient, ledger: Ledger): Promise<void> {
  await inTurns([...ledger.assignments], async ([path, presence]) => {
    const { status } = await client.ask('GET', path);
    if (presence === 'there') assert.equal(status, 200, `${path} was acknowledged and is gone`);
    else if (presence === 'gone') assert.equal(status, 404, `${path} was revoked and is back`);
    else ledger.assignments.set(path, status === 200 ? 'there' : 'gone');
  });
}

async function checkSealed(client: InstanceClient, ledger: Ledger): Promise<void> {
  await inTurns(ledger.sealed, async (sealed) => {
    const opened = await open(client, sealed);
    assert.equal(value(opened)['value'], sealed.data, `${sealed.path}: ${opened.text}`);
  });
  // A sample is checked again after every later round.
  ledger.sealed = ledger.sealed.slice(0, 20);
}

async function inTurns<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of left) await check(item);
    }),
  );
}

export function isConnectionError(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '') || /socket|cut|aborted/i.test(message ?? '');
}
