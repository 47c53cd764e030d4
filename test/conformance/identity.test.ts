// Programs that hold no secret: those that the system vouches for (managed identity) and those that another issuer vouches
// for (workload federation), each with the stock clients.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { writeCredentials } from '../../src/control/directory/federation/federated-credentials.ts';
import { writeBindings } from '../../src/control/directory/local-identity/bindings.ts';
import { readIdentityEndpoint } from '../../src/control/directory/local-identity/endpoint-file.ts';
import { type ForeignIssuer, SERVICE_ACCOUNT, startForeignIssuer } from '../support/foreign-issuer.ts';
import { type RunningControl, runControl } from '../support/running-control.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { azureCli } from './azure-cli.ts';
import { runIn } from './run-in.ts';

const SCOPE = 'https://managedhsm.azure.net/.default';
const program = (name: string): string => fileURLToPath(new URL(`clients/${name}`, import.meta.url));
const clients: readonly (readonly [name: string, command: string, file: string, skip: string | false])[] = [
  ['JavaScript', process.execPath, program('credential.ts'), false],
  ['Python', PYTHON, program('credential.py'), skipUnless('python-azure')],
];

describe('programs without a secret', { skip: process.platform !== 'linux' && 'the endpoint needs Linux' }, () => {
  let control: RunningControl;
  let cluster: ForeignIssuer;
  let folder: string;
  let common: Readonly<Record<string, string>>;
  let managed: Readonly<Record<'app service' | 'imds', Readonly<Record<string, string>>>>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-identity-'));
    control = await runControl();
    cluster = await startForeignIssuer(control.authority);
    const [identity] = control.directory.managedIdentities;
    const endpoint = await readIdentityEndpoint(control.folder);
    assert.ok(identity !== undefined && endpoint !== undefined);
    await writeBindings(control.folder, [{ identity: identity.oid, uid: process.getuid?.() ?? 0 }]);
    common = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: folder,
      REQUESTS_CA_BUNDLE: control.ca,
      NODE_EXTRA_CA_CERTS: control.ca,
      HTTPS_PROXY: `http://127.0.0.1:${control.port}`,
      NO_PROXY: '127.0.0.1',
    };
    const origin = `http://127.0.0.1:${endpoint.port}`;
    const own = { ...common, AZURE_CLIENT_ID: identity.clientId };
    managed = {
      'app service': { ...own, IDENTITY_ENDPOINT: `${origin}/msi/token`, IDENTITY_HEADER: endpoint.header },
      imds: { ...own, AZURE_POD_IDENTITY_AUTHORITY_HOST: origin },
    };
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await control[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const subject = (token: string): unknown => {
    const { oid, aud } = decodeJwt(token);
    assert.equal(aud, 'https://managedhsm.azure.net');
    return oid;
  };

  for (const style of ['app service', 'imds'] as const) {
    test(`az login --identity, as with ${style}`, { skip: skipUnless('az') }, async () => {
      await using az = await azureCli(managed[style]);
      const [account] = (await az.json('login', '--identity', '--allow-no-subscriptions')) as { tenantId: string }[];
      assert.equal(account?.tenantId, control.secrets.tenantId);
      const { accessToken } = (await az.json(
        ...['account', 'get-access-token', '--resource', 'https://managedhsm.azure.net'],
      )) as { accessToken: string };
      assert.equal(subject(accessToken), control.directory.managedIdentities[0]?.oid);
    });
    for (const [name, command, file, skip] of clients) {
      test(`ManagedIdentityCredential of ${name}, as with ${style}`, { skip }, async () => {
        const ended = await runIn({ cwd: folder, env: managed[style] }, command, file, 'managed', SCOPE);
        assert.equal(ended.code, 0, ended.stderr);
        assert.equal(subject(ended.stdout), control.directory.managedIdentities[0]?.oid);
      });
    }
  }

  for (const [name, command, file, skip] of clients) {
    test(`WorkloadIdentityCredential of ${name} exchanges a token that a cluster projects`, { skip }, async () => {
      const { consumer } = control.secrets.applications;
      await writeCredentials(control.folder, [
        {
          name: 'cluster',
          application: consumer.appId,
          issuer: cluster.issuer,
          subject: SERVICE_ACCOUNT,
          match: 'exact',
          discovery: cluster.discovery,
          ca: control.authority.certificate,
        },
      ]);
      const tokenFile = join(folder, `${name}-token`);
      await writeFile(tokenFile, await cluster.token());
      const env = {
        ...common,
        AZURE_TENANT_ID: control.secrets.tenantId,
        AZURE_CLIENT_ID: consumer.appId,
        AZURE_FEDERATED_TOKEN_FILE: tokenFile,
      };
      const ended = await runIn({ cwd: folder, env }, command, file, 'workload', SCOPE);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(subject(ended.stdout), consumer.oid);
      await writeFile(tokenFile, await cluster.token({ sub: 'system:serviceaccount:payments:other' }));
      const refused = await runIn({ cwd: folder, env }, command, file, 'workload', SCOPE);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /AADSTS700213/);
    });
  }

  test('az login with a federated token', { skip: skipUnless('az') }, async () => {
    await using az = await azureCli(common);
    const { consumer } = control.secrets.applications;
    const account = (await az.json(
      ...['login', '--service-principal', '-u', consumer.appId, '--tenant', control.secrets.tenantId],
      ...['--federated-token', await cluster.token(), '--allow-no-subscriptions'],
    )) as { tenantId: string }[];
    assert.equal(account[0]?.tenantId, control.secrets.tenantId);
  });
});
