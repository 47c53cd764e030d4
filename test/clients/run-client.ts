// Runs a client's program as an application of its own that has the roles which the manifest says, answers what it asks
// for (a rotation, the end of its roles) as the administrator, and collects the checks that it made.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import type { RunningProduct } from '../support/running-product.ts';
import type { Client } from './manifest.ts';

export interface Made {
  /** Its lines that say what was checked. */
  readonly stdout: string;
  readonly stderr: string;
}

type Ask =
  | { readonly ask: 'rotate'; readonly key: string }
  | { readonly ask: 'create'; readonly key: string; readonly kty: string }
  | { readonly ask: 'revoke' };

const TIMEOUT_MS = 240_000;
const ROLES = '/providers/Microsoft.Authorization';

export async function runClient(
  product: RunningProduct,
  client: Client,
  command: readonly [program: string, ...args: string[]],
): Promise<Made> {
  const shell = await product.environment('azure', client.stack === 'java' ? 'java' : 'sh');
  const id = shell['STRONGROOM_OWNER_CLIENT_ID'] ?? '';
  // Owner of the subscription, which gives it nothing in an instance: what it may do there is what is given to it here.
  const environment = {
    ...shell,
    AZURE_CLIENT_ID: id,
    AZURE_CLIENT_SECRET: shell['STRONGROOM_OWNER_CLIENT_SECRET'] ?? '',
    ...client.environment,
  };
  using administrator = instanceClient(product, await dataPlaneToken(product, shell));
  const principal = objectIdOf(await dataPlaneToken(product, shell, 'STRONGROOM_OWNER'));
  const answers: Readonly<Record<Ask['ask'], (ask: Ask) => Promise<void>>> = {
    rotate: async (ask) => {
      if (ask.ask !== 'rotate') return;
      // The service rotates no key that has no policy.
      const policy = { lifetimeActions: [], attributes: { expiryTime: 'P90D' } };
      await succeed(administrator, 'PUT', `/keys/${ask.key}/rotationpolicy`, policy);
      await succeed(administrator, 'POST', `/keys/${ask.key}/rotate`);
    },
    create: async (ask) => {
      if (ask.ask === 'create') await succeed(administrator, 'POST', `/keys/${ask.key}/create`, { kty: ask.kty });
    },
    revoke: () => revokeAll(administrator, principal),
  };
  await grant(administrator, principal, client.roles);
  try {
    return await converse(command, product.data, environment, (ask) => answers[ask.ask](ask));
  } finally {
    await revokeAll(administrator, principal);
  }
}

async function grant(administrator: InstanceClient, principalId: string, roles: readonly string[]): Promise<void> {
  const { json } = await succeed(administrator, 'GET', `${ROLES}/roleDefinitions`);
  const definitions = json['value'] as { id: string; properties: { roleName: string } }[];
  for (const role of roles) {
    const definition = definitions.find(({ properties }) => properties.roleName === `Managed HSM ${role}`);
    assert.ok(definition !== undefined, `there is no role ${role}`);
    await succeed(administrator, 'PUT', `${ROLES}/roleAssignments/${randomUUID()}`, {
      properties: { roleDefinitionId: definition.id, principalId },
    });
  }
}

async function revokeAll(administrator: InstanceClient, principalId: string): Promise<void> {
  const { json } = await succeed(administrator, 'GET', `${ROLES}/roleAssignments`);
  const assignments = json['value'] as { name: string; properties: { principalId: string } }[];
  for (const { name, properties } of assignments) {
    if (properties.principalId === principalId) {
      await succeed(administrator, 'DELETE', `${ROLES}/roleAssignments/${name}`);
    }
  }
}

async function succeed(
  client: InstanceClient,
  method: string,
  path: string,
  body?: unknown,
): ReturnType<InstanceClient['ask']> {
  const answered = await client.ask(method, path, body);
  assert.ok(answered.status < 300, `${method} ${path} answered ${answered.status}: ${answered.text}`);
  return answered;
}

function converse(
  [program, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: Readonly<Record<string, string>>,
  answer: (ask: Ask) => Promise<void>,
): Promise<Made> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, timeout: TIMEOUT_MS, stdio: 'pipe' });
    const checks: string[] = [];
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined); // it ended and left its question
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"ask"')) return void checks.push(line);
      answer(JSON.parse(line) as Ask).then(
        () => child.stdin.write('{}\n'),
        (error: unknown) => child.stdin.write(`${JSON.stringify({ error: String(error) })}\n`),
      );
    });
    child.once('error', reject);
    child.once('close', () => resolve({ stdout: checks.join('\n'), stderr }));
  });
}

function objectIdOf(token: string): string {
  const [, payload = ''] = token.split('.');
  const { oid } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { oid: string };
  return oid;
}
