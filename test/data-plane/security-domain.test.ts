// Who gets the security domain after activation: the custodians of the first ceremony, and what the log says of it.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readEntries } from '../support/audit-entries.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let custodians: readonly string[];
let strangers: readonly string[];

before(async () => {
  [instance, custodians, strangers] = await Promise.all([
    startRunningInstance({ partitions: 2 }),
    makeCertificates(3),
    makeCertificates(3),
  ]);
  assert.equal((await download(custodians, 2)).status, 202);
});
after(() => instance[Symbol.asyncDispose]());

async function download(certificates: readonly string[], required: number): Promise<Reply> {
  return instance.ask('POST', '/securitydomain/download?api-version=7.5', {
    token: await instance.adminToken(),
    body: { certificates: certificates.map((der) => ({ kty: 'RSA', x5c: [der] })), required },
  });
}

function thumbprintOf(certificate: string): string {
  return createHash('sha256').update(Buffer.from(certificate, 'base64')).digest('base64url');
}

test('a certificate counts by its own bytes: thumbprint and operations that a client sends beside it are not judged', async () => {
  // azurerm (Terraform, OpenTofu) sends neither n nor e, and as x5t#S256 the padded hash of the base64 text.
  const sent = custodians.map((der) => ({
    kty: 'RSA',
    key_ops: [''],
    alg: 'RSA-OAEP-256',
    x5c: [der],
    'x5t#S256': createHash('sha256').update(der).digest('base64').replaceAll('+', '-').replaceAll('/', '_'),
  }));
  const reply = await instance.ask('POST', '/securitydomain/download?api-version=7.4', {
    token: await instance.adminToken(),
    body: { certificates: sent, required: 2 },
  });
  assert.equal(reply.status, 202, reply.text);
  const file = JSON.parse((reply.json as { value: string }).value) as {
    SharedKeys: { enc_shares: { x5t_256: string }[] };
  };
  assert.deepEqual(
    file.SharedKeys.enc_shares.map(({ x5t_256 }) => x5t_256),
    custodians.map(thumbprintOf),
  );
});

function newestCeremony(): Readonly<Record<string, unknown>> {
  const entry = readEntries(instance).findLast(({ operationName }) => operationName === 'SecurityDomainBackup');
  assert.ok(entry !== undefined);
  return entry;
}

test('the same custodians get the file again, in any order, also after a restart', async () => {
  assert.equal((await download(custodians.toReversed(), 2)).status, 202);
  await instance.restart();
  const again = await download(custodians, 2);
  assert.equal(again.status, 202, again.text);
  // A client that sends it again in the place of its poll reads this answer as the poll's.
  assert.equal((again.json as { status?: string }).status, 'Success');
  const file = JSON.parse((again.json as { value: string }).value) as {
    SharedKeys: { enc_shares: { x5t_256: string }[] };
  };
  assert.deepEqual(
    file.SharedKeys.enc_shares.map(({ x5t_256 }) => x5t_256),
    custodians.map(thumbprintOf),
  );
});

test('an administrator cannot take it for other certificates or with another quorum', async () => {
  for (const [certificates, required] of [
    [strangers, 2],
    [[...custodians, ...strangers], 2],
    [[...custodians.slice(1), ...strangers.slice(1)], 2],
    [custodians, 3],
  ] as const) {
    const reply = await download(certificates, required);
    assert.equal(reply.status, 409, reply.text);
    const { error } = reply.json as { error: { code: string; innererror: { code: string } } };
    assert.equal(error.code, 'Conflict');
    assert.equal(error.innererror.code, 'OtherCustodians');
    assert.ok(!reply.text.includes('EncData'));
  }
});

test('the log names the certificates and the quorum of each ceremony, refused ones too', async () => {
  assert.equal((await download(custodians, 2)).status, 202);
  const done = newestCeremony();
  assert.equal(done.resultType, 'Success');
  assert.match(String(done.resultDescription), /3 custodians, 2 needed/);
  for (const certificate of custodians) assert.ok(String(done.resultDescription).includes(thumbprintOf(certificate)));
  assert.equal((await download(strangers, 3)).status, 409);
  const refused = newestCeremony();
  assert.equal(refused.resultType, 'Failed');
  assert.match(String(refused.resultDescription), /3 custodians, 3 needed/);
  for (const certificate of strangers) assert.ok(String(refused.resultDescription).includes(thumbprintOf(certificate)));
});

test('after a download the poll of uploads says that the HSM is active: clients of some years ask there', async () => {
  const token = await instance.adminToken();
  for (const version of ['', '?api-version=7.2']) {
    const reply = await instance.ask('GET', `/securitydomain/upload/pending${version}`, { token });
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(reply.json, { status: 'Success', status_details: 'The resource is active.' });
    const own = 'https://test.managedhsm.azure.net/securitydomain/upload/pending?api-version=7.2';
    assert.equal(reply.headers['azure-asyncoperation'], own);
  }
});

test('the address to poll has the host as the client spelled it, and key identifiers have it as it is', async () => {
  const token = await instance.adminToken();
  const host = 'Test.ManagedHSM.azure.net';
  const taken = await instance.ask('POST', '/securitydomain/download?api-version=7.5', {
    token,
    headers: { host },
    body: { certificates: custodians.map((der) => ({ kty: 'RSA', x5c: [der] })), required: 2 },
  });
  assert.equal(
    taken.headers['azure-asyncoperation'],
    `https://${host}/securitydomain/download/pending?api-version=7.5`,
  );
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const made = await instance.ask('POST', '/keys/spelled/create?api-version=7.5', {
    token: await instance.issuer.token(user),
    headers: { host },
    body: { kty: 'oct-HSM' },
  });
  assert.match((made.json as { key: { kid: string } }).key.kid, /^https:\/\/test\.managedhsm\.azure\.net\//);
});
