import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { makeCertificate, type RsaCertificate } from '../support/rsa-certificate.ts';
import { type RunningControl, runControl } from '../support/running-control.ts';
import { skipUnless } from '../system-programs.ts';
import { azureCli } from './azure-cli.ts';

describe('the stock command line', { skip: skipUnless('az') }, () => {
  let control: RunningControl;
  let certificate: RsaCertificate;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    certificate = await makeCertificate();
    control = await runControl({
      changeDirectory: (directory) => ({
        ...directory,
        applications: directory.applications.map((application, index) =>
          index === 0 ? { ...application, certificates: [{ keyId: randomUUID(), pem: certificate.pem }] } : application,
        ),
      }),
    });
    environment = {
      REQUESTS_CA_BUNDLE: control.ca,
      HTTPS_PROXY: `http://127.0.0.1:${control.port}`,
      NO_PROXY: '',
    };
  });
  after(() => control[Symbol.asyncDispose]());

  const member = (value: unknown, ...path: readonly (string | number)[]): unknown =>
    path.reduce<unknown>((at, name) => (at as Record<string | number, unknown>)[name], value);

  test('unconfigured, through the proxy: logs in, makes a group and a managed HSM, finds and deletes it', async () => {
    await using az = await azureCli(environment);
    const { admin } = control.secrets.applications;
    const tenant = control.secrets.tenantId;
    const account = await az.json(
      'login',
      '--service-principal',
      '-u',
      admin.appId,
      '-p',
      admin.secret,
      '--tenant',
      tenant,
    );
    assert.equal(member(account, 0, 'tenantId'), tenant);
    assert.equal(member(account, 0, 'cloudName'), 'AzureCloud');
    await az.json('group', 'create', '-n', 'rg-keys-prod', '-l', 'eastus2');
    const administrators = [admin.oid, control.secrets.users.alice.oid];
    const made = await az.json(
      ...['keyvault', 'create', '--hsm-name', 'fin-prod-mhsm', '--resource-group', 'rg-keys-prod'],
      ...['--location', 'eastus2', '--administrators', ...administrators, '--retention-days', '90'],
    );
    assert.equal(member(made, 'properties', 'hsmUri'), 'https://fin-prod-mhsm.managedhsm.azure.net/');
    assert.equal(member(made, 'properties', 'provisioningState'), 'Succeeded');
    assert.deepEqual(control.host.provisioned.at(-1)?.initialAdministrators, administrators);
    const shown = await az.json('keyvault', 'show', '--hsm-name', 'fin-prod-mhsm');
    assert.equal(member(shown, 'properties', 'securityDomainProperties', 'activationStatus'), 'NotActivated');
    const listed = await az.json('keyvault', 'list', '--resource-type', 'hsm');
    assert.equal(member(listed, 'length'), 1);
    const updated = await az.json(
      'keyvault',
      'update-hsm',
      '--hsm-name',
      'fin-prod-mhsm',
      '-g',
      'rg-keys-prod',
      '--set',
      'tags.a=b',
    );
    assert.deepEqual(member(updated, 'tags'), { a: 'b' });
    assert.equal(member(await az.json('ad', 'sp', 'show', '--id', admin.appId), 'id'), admin.oid);
    const taken = await az.json('keyvault', 'check-name', '--name', 'fin-prod-mhsm', '--resource-type', 'hsm');
    assert.equal(member(taken, 'nameAvailable'), false);
    await az.json('keyvault', 'delete', '--hsm-name', 'fin-prod-mhsm');
    assert.deepEqual(control.host.stopped, ['fin-prod-mhsm']);
    const deleted = await az.json('keyvault', 'list-deleted', '--resource-type', 'hsm');
    assert.equal(member(deleted, 0, 'name'), 'fin-prod-mhsm');
    await az.json('group', 'delete', '-n', 'rg-keys-prod', '--yes');
  });

  test('registered as a cloud of its own: a user, an application, a managed HSM under local names', async () => {
    await using az = await azureCli(environment);
    const arm = `https://arm.localhost:${control.port}`;
    await az.json('cloud', 'register', '-n', 'Local', '--endpoint-resource-manager', arm);
    await az.json('cloud', 'set', '-n', 'Local');
    const { alice } = control.secrets.users;
    await az.json('login', '-u', alice.upn, '-p', alice.password, '--allow-no-subscriptions');
    assert.equal(member(await az.json('ad', 'signed-in-user', 'show'), 'id'), alice.oid);
    await az.json('logout');
    const { owner } = control.secrets.applications;
    const login = ['login', '--service-principal', '-u', owner.appId, '--tenant', control.secrets.tenantId, '-p'];
    const wrong = await az.run(...login, 'wrong');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /AADSTS7000215/);
    await az.json(...login, owner.secret);
    await az.json('group', 'create', '-n', 'rg1', '-l', 'local');
    const made = await az.json(
      ...['keyvault', 'create', '--hsm-name', 'hsm1', '-g', 'rg1', '-l', 'local'],
      ...['--administrators', owner.oid, '--retention-days', '7'],
    );
    assert.equal(member(made, 'properties', 'hsmUri'), `https://hsm1.managedhsm.localhost:${control.port}/`);
  });

  test('logs in with a certificate, and with a code that is approved in a browser', async () => {
    await using az = await azureCli(environment);
    const { admin } = control.secrets.applications;
    const file = join(control.folder, 'application.pem');
    await writeFile(file, certificate.key + certificate.pem);
    const tenant = control.secrets.tenantId;
    await az.json('login', '--service-principal', '-u', admin.appId, '--certificate', file, '--tenant', tenant);
    await az.json('logout');
    const { bob } = control.secrets.users;
    let approval: Promise<{ readonly status: number }> | undefined;
    const login = await az.runAloud(
      (stderr) => {
        const userCode = /enter the code (\S+) to/.exec(stderr)?.[1];
        if (userCode === undefined || approval !== undefined) return;
        const form = { user_code: userCode, username: bob.upn, password: bob.password };
        approval = control.call('https://login.microsoftonline.com/devicelogin', { form });
      },
      ...['login', '--use-device-code', '--tenant', tenant, '--allow-no-subscriptions'],
    );
    assert.equal((await approval)?.status, 200);
    assert.equal(login.code, 0, login.stderr);
    assert.equal(member(await az.json('ad', 'signed-in-user', 'show'), 'id'), bob.oid);
  });
});

test('the stock JavaScript credentials get tokens through the proxy, by secret and by certificate', async () => {
  const certificate = await makeCertificate();
  await using control = await runControl({
    changeDirectory: (directory) => ({
      ...directory,
      applications: directory.applications.map((application, index) =>
        index === 0 ? { ...application, certificates: [{ keyId: randomUUID(), pem: certificate.pem }] } : application,
      ),
    }),
  });
  const { admin } = control.secrets.applications;
  const program = `
    import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
    const { TENANT, APP, SECRET, CERTIFICATE } = process.env;
    for (const credential of [
      new ClientSecretCredential(TENANT, APP, SECRET),
      new ClientCertificateCredential(TENANT, APP, { certificate: CERTIFICATE }),
    ]) {
      const { token } = await credential.getToken('https://managedhsm.azure.net/.default');
      console.log(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).aud);
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: process.cwd(),
    timeout: 240_000,
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: control.ca,
      HTTPS_PROXY: `http://127.0.0.1:${control.port}`,
      TENANT: control.secrets.tenantId,
      APP: admin.appId,
      SECRET: admin.secret,
      CERTIFICATE: certificate.key + certificate.pem,
    },
  });
  assert.equal(stdout, 'https://managedhsm.azure.net\nhttps://managedhsm.azure.net\n');
});
