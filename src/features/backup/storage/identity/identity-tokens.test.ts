import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type Azurite, startAzurite } from '../../../../../test/support/azurite.ts';
import { type LoopbackCertificate, makeLoopbackCertificate } from '../../../../../test/support/loopback-certificate.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../../../test/support/token-issuer.ts';
import type { InstanceIdentity } from '../../../../formats/instance-identity.ts';
import { openStorageBy } from '../open-storage.ts';
import type { BackupStorage } from '../port.ts';
import { content, listed, refuses } from '../storage.contract.ts';

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface World {
  readonly azurite: Azurite;
  readonly issuer: TokenIssuer;
  readonly folder: string;
  readonly caFile: string;
  readonly leaf: LoopbackCertificate;
  open(identity: InstanceIdentity | undefined): Promise<BackupStorage>;
}

async function inWorld(use: (world: World) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-identity-'));
  try {
    const leaf = await makeLoopbackCertificate(folder);
    await using azurite = await startAzurite({ folder, tls: leaf });
    await using issuer = await startTokenIssuer(randomUUID(), leaf);
    const { caFile } = leaf;
    const open = (identity: InstanceIdentity | undefined): Promise<BackupStorage> =>
      openStorageBy({
        targets: [{ uri: azurite.origin, caFile }],
        ...(identity === undefined ? {} : { identity }),
        profile: 'production',
        nowMs: Date.now,
        attempts: { count: 2, delayMs: 5, deadlineMs: 60_000 },
      })(
        { storageResourceUri: azurite.containerUri('backups'), credential: { kind: 'managedIdentity' } },
        new AbortController().signal,
      );
    await use({ azurite, issuer, folder, caFile, leaf, open });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function serve(
  answer: (asked: Asked) => Promise<{ readonly status: number; readonly json: object }>,
  tls?: LoopbackCertificate,
): Promise<AsyncDisposable & { readonly origin: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server = tls === undefined ? createServer() : createTlsServer({ key: tls.key, cert: tls.certificate });
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await Array.fromAsync(request as AsyncIterable<Buffer>)).join('');
    const one = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', 'http://x'),
      headers: request.headers,
      body,
    };
    asked.push(one);
    const { status, json } = await answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  server.on('request', (request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('the instance writes and reads under its own identity, whichever of the three ways proves it', () =>
  inWorld(async ({ azurite, issuer, folder, caFile, leaf, open }) => {
    await azurite.makeContainer('backups');
    const principal = randomUUID();
    const granted = async () => ({
      status: 200,
      json: { access_token: await issuer.token(principal, { aud: 'https://storage.azure.com' }), expires_in: '3600' },
    });
    await using endpoint = await serve(granted, leaf);
    await using metadata = await serve(async (asked) =>
      asked.headers['metadata'] === 'true' || asked.headers['x-identity-header'] === 'the-header'
        ? granted()
        : { status: 400, json: {} },
    );
    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, 'a secret & more\n');
    const headerFile = join(folder, 'header');
    await writeFile(headerFile, 'the-header\n');
    const identities: readonly InstanceIdentity[] = [
      {
        kind: 'clientCredential',
        tokenEndpoint: `${endpoint.origin}/t/oauth2/v2.0/token`,
        clientId: 'me',
        secretFile,
        caFile,
      },
      { kind: 'imds', endpoint: `${metadata.origin}/metadata/identity/oauth2/token`, clientId: 'me' },
      { kind: 'appService', endpoint: `${metadata.origin}/msi/token`, headerFile },
    ];
    for (const [at, identity] of identities.entries()) {
      await using storage = await open(identity);
      await storage.checkWritable();
      await storage.write(`backup-${at}`, 'part', Buffer.from(identity.kind));
      await storage.finish(`backup-${at}`);
      assert.deepEqual(await listed(storage, `backup-${at}`), [{ name: 'part', bytes: identity.kind.length }]);
      assert.equal((await content(storage, `backup-${at}`, 'part')).toString(), identity.kind);
    }
    assert.equal(endpoint.asked.length, 1, 'one token serves for all requests');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(endpoint.asked[0]?.body)), {
      grant_type: 'client_credentials',
      client_id: 'me',
      client_secret: 'a secret & more',
      scope: 'https://storage.azure.com/.default',
    });
    assert.deepEqual(
      metadata.asked.map(({ url }) => `${url.pathname}?${url.searchParams.toString()}`),
      [
        '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com&client_id=me',
        '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com',
      ],
    );
  }));

test('an identity that gives no token is refused with the reason, and its secrets are not shown', () =>
  inWorld(async ({ folder, caFile, leaf, open, issuer }) => {
    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, 'hush-hush');
    let answer: { readonly status: number; readonly json: object } = {
      status: 401,
      json: { error: 'invalid_client', error_description: 'hush-hush' },
    };
    await using endpoint = await serve(async () => answer, leaf);
    const identity: InstanceIdentity = {
      kind: 'clientCredential',
      tokenEndpoint: `${endpoint.origin}/token`,
      clientId: 'me',
      secretFile,
      caFile,
    };
    const refusal = async (asked: InstanceIdentity | undefined): Promise<string> => {
      await using storage = await open(asked);
      const error = await refuses('AccessDenied', () => storage.checkWritable());
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('hush-hush'));
      return error.message;
    };
    assert.match(await refusal(identity), /its endpoint answered 401 invalid_client; check 'backupIdentity'/);
    answer = { status: 200, json: { access_token: '', expires_in: 1 } };
    assert.match(await refusal(identity), /without a usable token/);
    answer = { status: 302, json: {} };
    assert.match(await refusal(identity), /its endpoint answered 302/);
    assert.match(await refusal({ ...identity, secretFile: join(folder, 'none') }), /cannot be asked: ENOENT/);
    const { caFile: _, ...untrusted } = identity;
    assert.match(await refusal(untrusted), /cannot be asked: (UNABLE|DEPTH|SELF)_\w+/);
    answer = {
      status: 200,
      json: { access_token: await issuer.token('x', { aud: 'https://management.azure.com' }), expires_in: 60 },
    };
    assert.match(
      await refusal(identity),
      /refuses access \(40[13] \w+\); give the instance's identity the role Storage Blob Data Contributor/,
    );
    assert.match(
      (await refuses('AccessDenied', () => open(undefined))).message,
      /the instance has no identity: set 'backupIdentity'/,
    );
  }));
