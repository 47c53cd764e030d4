// How the resource manager's process reaches an instance that takes connections of the front alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askInstanceOver } from '../../src/control/ask-instance.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { instanceKey } from '../../src/formats/front-proof.ts';
import { KnownFront } from '../../src/http/front-proof.ts';
import { listen } from '../../src/http/listener.ts';
import { makeOperatorAuthority } from '../support/operator-authority.ts';

const NAME = 'dev.managedhsm.azure.net';

test('the resource manager is the machine’s own way by its proof, and nobody to another instance', async () => {
  const authority = issueAuthority(new Date());
  const secret = new Uint8Array(32).fill(5);
  await using listener = await listen(
    {
      ...issueServer(authority, [NAME], new Date()),
      host: '127.0.0.1',
      port: 0,
      shared: false,
      way: 'public',
      proxies: { front: new KnownFront(() => instanceKey(secret, 'dev')) },
    },
    ({ peer, response }) => response.end(JSON.stringify(peer)),
  );
  const ask = askInstanceOver({
    portOf: () => listener.port,
    serverName: () => NAME,
    ca: authority.certificate,
    frontToken: () => secret,
  });
  const asked = { method: 'GET', path: '/', authorization: 'Bearer none' } as const;
  assert.deepEqual(await ask({ ...asked, hsm: 'Dev' }), { status: 200, json: { address: '127.0.0.1', way: 'direct' } });
  assert.equal(await ask({ ...asked, hsm: 'other' }), undefined);
});

test('the resource manager shows its certificate to an instance that wants one, and without it is nobody', async () => {
  const [authority, clients] = [issueAuthority(new Date()), await makeOperatorAuthority()];
  await using listener = await listen(
    {
      ...issueServer(authority, [NAME], new Date()),
      clientAuthorities: clients.certificate,
      host: '127.0.0.1',
      port: 0,
      shared: false,
    },
    ({ response }) => response.end('1'),
  );
  const asking = { portOf: () => listener.port, serverName: () => NAME, ca: authority.certificate };
  const asked = { hsm: 'dev', method: 'GET', path: '/', authorization: 'Bearer none' } as const;
  const [own, strangers] = [await clients.issueClient('arm'), await (await makeOperatorAuthority()).issueClient('arm')];
  const served = await clients.issue([NAME]);
  assert.deepEqual(await askInstanceOver({ ...asking, certificate: () => own })(asked), { status: 200, json: 1 });
  assert.equal(await askInstanceOver(asking)(asked), undefined);
  assert.equal(await askInstanceOver({ ...asking, certificate: () => strangers })(asked), undefined);
  assert.equal(await askInstanceOver({ ...asking, certificate: () => served })(asked), undefined, 'for servers alone');
});
