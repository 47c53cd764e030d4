// An issuer that is not ours in any way (Glewlwyd), trusted beside another one: its tokens on the data plane over raw HTTPS
// and with the JavaScript SDK, its groups, its keys as they rotate, and its absence.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KeyClient } from '@azure/keyvault-keys';
import { decodeJwt } from 'jose';
import { places } from '../../src/deployment/data-layout.ts';
import { issueAuthority } from '../../src/deployment/dev-ca/issue.ts';
import { readInstanceConfig } from '../../src/deployment/instance.ts';
import { trustedFor } from '../../src/deployment/issuer-keys.ts';
import { derivedObjectId } from '../../src/features/auth/claim-mapping.ts';
import { openTokenVerifier } from '../../src/features/auth/verify-token.ts';
import { type Glewlwyd, startGlewlwyd } from '../support/glewlwyd.ts';
import { type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import { skipUnless } from '../system-programs.ts';

const USER_ROLE = 'Managed HSM Crypto User';

describe('tokens of a third-party issuer', { skip: skipUnless('glewlwyd') }, () => {
  let glewlwyd: Glewlwyd;
  let instance: RunningInstance;
  before(async () => {
    const authority = issueAuthority(new Date());
    glewlwyd = await startGlewlwyd(authority);
    instance = await startRunningInstance();
    const caFile = join(instance.folder, 'glewlwyd-ca.pem');
    await writeFile(caFile, authority.certificate);
    await instance.activate();
    await instance.configure({
      issuers: [
        ...instance.config.issuers,
        {
          issuers: [glewlwyd.issuer],
          audiences: glewlwyd.audiences,
          discovery: glewlwyd.discovery,
          caFile,
          clockSkew: 5,
          claims: {
            objectId: 'sub',
            tenant: null,
            application: 'client_id',
            userName: 'email',
            groupsSeparator: ',',
            ids: 'derived',
            personMark: { claim: 'kind', value: 'person' },
          },
        },
      ],
    });
    await instance.restart();
  });
  after(async () => {
    await instance?.[Symbol.asyncDispose]();
    await glewlwyd?.[Symbol.asyncDispose]();
  });

  const keys = (token: string) => instance.ask('GET', '/keys?api-version=7.6', { token });
  const principal = (name: string) => derivedObjectId(glewlwyd.issuer, 'principal', name);

  test('an application is known by its derived id, and may what is assigned to that', async () => {
    const token = await glewlwyd.clientToken();
    assert.equal(decodeJwt(token).sub, glewlwyd.client.id);
    const before = await keys(token);
    assert.equal(before.status, 403, before.text);
    assert.ok(before.text.includes(principal(glewlwyd.client.id)), before.text);
    await instance.assign(USER_ROLE, principal(glewlwyd.client.id));
    assert.equal((await keys(token)).status, 200);
  });

  test('a user may what is assigned to one of her groups', async () => {
    const token = await glewlwyd.userToken();
    assert.equal(decodeJwt(token)['groups'], glewlwyd.user.groups.join(','));
    assert.equal((await keys(token)).status, 403);
    await instance.assign(USER_ROLE, derivedObjectId(glewlwyd.issuer, 'group', 'operators'));
    assert.equal((await keys(token)).status, 200);
  });

  test('the JavaScript SDK takes its tokens from a credential of the program', async () => {
    const agent = new Agent({ host: '127.0.0.1', port: instance.port, ca: instance.ca });
    const client = new KeyClient(
      'https://test.managedhsm.azure.net',
      { getToken: async () => ({ token: await glewlwyd.clientToken(), expiresOnTimestamp: Date.now() + 3_600_000 }) },
      {
        additionalPolicies: [
          {
            position: 'perRetry',
            policy: {
              name: 'to the instance of this test',
              sendRequest(request, next) {
                request.agent = agent;
                return next(request);
              },
            },
          },
        ],
      },
    );
    const made = await client.createRsaKey('of-a-third-party');
    assert.equal((await client.getKey(made.name)).key?.kty, 'RSA-HSM');
    agent.destroy();
  });

  test('tokens for another service, changed tokens, and names of another issuer are refused', async () => {
    const token = await glewlwyd.clientToken();
    const [head, body, signature] = token.split('.');
    const claims = decodeJwt(token);
    const changed = (changes: object) =>
      `${head}.${Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url')}.${signature}`;
    for (const forged of [
      changed({ sub: 'admin' }),
      changed({ iss: instance.issuer.issuer }),
      changed({ iss: `${glewlwyd.issuer}/` }),
      `${head}.${body}.`,
    ]) {
      assert.equal((await keys(forged)).status, 401);
    }
    // The other issuer signs, and says that it is this one: its key is not in this one's set.
    const swapped = await instance.issuer.token(instance.administrator, {
      iss: glewlwyd.issuer,
      sub: glewlwyd.client.id,
      aud: glewlwyd.audiences[0],
    });
    assert.equal((await keys(swapped)).status, 401);
    assert.equal((await keys(`${token}${'A'.repeat(20_000)}`)).status, 401);
    const roles = '/providers/Microsoft.Authorization/roleDefinitions?api-version=7.6';
    assert.equal((await instance.ask('GET', roles, { token: await instance.adminToken() })).status, 200);
  });

  test('it rotates its keys and is away for a time: known keys go on, unknown ones cannot be told', async () => {
    // It goes on by itself: tokens are dated when they are made, however long that takes.
    let ahead = 0;
    const { issuers, tenantId } = readInstanceConfig(places(instance.folder).instance('test').config);
    await using verifier = openTokenVerifier({
      issuers: trustedFor(issuers, ({ audiences }) => audiences),
      tenantId,
      now: () => Date.now() / 1000 + ahead,
    });
    const oid = principal(glewlwyd.client.id);
    const first = await glewlwyd.clientToken();
    const program = await verifier.verify(first);
    assert.deepEqual([program.oid, program.idType], [oid, 'app']);
    const ann = await verifier.verify(await glewlwyd.userToken());
    assert.deepEqual([ann.upn, ann.idType], [glewlwyd.user.email, 'user']);
    await glewlwyd.rotate();
    const second = await glewlwyd.clientToken();
    await glewlwyd.stop();
    ahead += 31;
    await assert.rejects(async () => verifier.verify(second), { code: 'IssuerUnavailable' });
    assert.equal((await verifier.verify(first)).oid, oid);
    await instance.restart();
    const answered = await keys(second);
    assert.equal(answered.status, 503, answered.text);
    await glewlwyd.start();
    ahead += 31;
    assert.equal((await verifier.verify(second)).oid, oid);
    await assert.rejects(async () => verifier.verify(first), { code: 'BadSignature' });
  });
});
