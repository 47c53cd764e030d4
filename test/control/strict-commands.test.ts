// What commands say on a development instance where duties are separated, and how those of access read what people write.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { devToken } from '../../src/cli/tokens.ts';
import { type DevClients, readDevClients } from '../../src/deployment/dev-clients.ts';
import type { Ended } from '../conformance/run-in.ts';
import { separateDuties } from '../conformance/separate-duties.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const ROLE_DEFINITIONS = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/';
const ADMINISTRATOR = `${ROLE_DEFINITIONS}a290e904-7015-4bba-90c8-60543313cdb4`;

describe('commands on a strict development instance', () => {
  let product: RunningProduct;
  let clients: DevClients;
  let trace: string;
  const strongroom = (...words: string[]): Promise<Ended> => runStrongroom(...words, '--data', product.data);
  const said = async (words: string, code = 1): Promise<string> => {
    const ended = await strongroom(...words.split(' '));
    assert.equal(ended.code, code, ended.stdout + ended.stderr);
    return ended.stdout + ended.stderr;
  };

  before(async () => {
    product = await startProduct();
    clients = readDevClients(product.data);
    const environment = await product.environment();
    using admin = instanceClient(product, await dataPlaneToken(product, environment));
    for (const { oid } of [clients.users.alice, clients.users.bob]) {
      const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
      const properties = { roleDefinitionId: ADMINISTRATOR, principalId: oid, principalType: 'User' };
      const made = await admin.ask('PUT', path, { properties });
      assert.equal(made.status, 201, made.text);
    }
    await separateDuties((line, ...values) => strongroom(...line.split(' '), ...values));
    using owner = instanceClient(product, await dataPlaneToken(product, environment, 'STRONGROOM_OWNER'));
    const denied = await owner.ask('GET', '/settings');
    assert.equal(denied.status, 403);
    trace = denied.requestId;
  });
  after(() => product[Symbol.asyncDispose]());

  test('the clock is moved by a person, as the refusal of the application says', async () => {
    assert.match(await said('clock advance 1h'), /counts for an application, as duties are separated here: a person/);
    assert.match(await said('clock advance 1h --as alice', 0), /1 hour.* ahead of real time/);
    assert.match(await said('clock reset --as bob', 0), /real time/);
    const { users, applications } = clients;
    const shown = await said('separation show', 0);
    assert.match(shown, /^strict {2}\(3 with .*; of these only people administer\)\n/);
    for (const { oid, upn } of [users.alice, users.bob])
      assert.ok(shown.includes(`  ${oid}  a person: ${upn}\n`), shown);
    assert.ok(shown.includes(`  ${applications.admin.oid}  the application strongroom-dev-admin: `), shown);
    assert.match(shown, /With fewer than three, one who is away stops/, 'two people, and not three');
  });

  test('whoever approves is told that a grant is to an application, which the client did not say', async () => {
    const { consumer } = clients.applications;
    using alice = instanceClient(
      product,
      await devToken(product.data, { ca: [product.ca], port: product.state.port }, 'instances', 'alice'),
    );
    const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const asking = (principalId: string) =>
      alice.ask('PUT', path, { properties: { roleDefinitionId: ADMINISTRATOR, principalId } });
    const shown = async (principalId: string): Promise<Ended> => {
      const { text } = await asking(principalId);
      const [, id = ''] = /approval approve (\S+) --reason 'why' --hsm-name dev --as az/.exec(text) ?? [];
      assert.notEqual(id, '', text);
      return strongroom('approval', 'show', id, '--as', 'bob');
    };
    const { stdout, stderr } = await shown(consumer.oid);
    assert.match(stdout, /pending/);
    assert.ok(stdout.includes(`${consumer.oid} (strongroom-dev-consumer) at /`), stdout);
    const [id = ''] = stdout.split(' ');
    const byApplication = await said(`approval approve ${id} --reason agreed`);
    assert.match(byApplication, /a person has to do this.* ask with --as alice or --as bob$/m);
    assert.match(
      stderr,
      /is no person but the application strongroom-dev-consumer: .* none of the role's administrative/,
    );
    assert.equal((await shown(randomUUID())).stderr, '', 'whom the directory does not know');
  });

  test("a full restore is a person's, too, and needs another one", async () => {
    const started = await said(`backup start ${join(product.data, 'backups')} --json`, 0);
    const [, folder = ''] = /(mhsm-dev-\d+)/.exec(started) ?? [];
    await said('clock advance 31m --as alice', 0); // so old must a backup be
    const restore = `backup restore ${join(product.data, 'backups', folder)} --replace-everything`;
    assert.match(await said(restore), /counts for an application, as duties are separated here/);
    assert.match(await said(`${restore} --as alice`), /approval approve \S+ --reason 'why' --hsm-name dev --as az/);
  });

  test("what concerns the security domain is a person's, in every command that asks for it", async () => {
    const kept = /counts for an application, as duties are separated here/;
    assert.match(await said('custodian challenge'), kept);
    assert.match(await said('custodian challenge --as alice', 0), /^challenge {2}\S+/);
    // Nobody has answered: it waits, and is no refusal.
    assert.match(await said('rehearse --depth reachability --as bob'), /3 of 3 are missing/);
    const folder = join(product.data, 'resharing');
    const begin = `ceremony start resharing --custodians 3 --required 2 --folder ${folder}`;
    assert.match(await said(`${begin} --as carol`), /there is no 'carol' in the development directory/);
    await said(`${begin} --as alice`, 0);
    const next = await runStrongroom('ceremony', 'next', '--folder', folder, '--by', 'Olga', '--as', 'bob');
    assert.equal(next.code, 0, next.stderr);
    const journal = (await readFile(join(folder, 'journal.jsonl'), 'utf8')).trim().split('\n');
    const hands = journal.map((line) => (JSON.parse(line) as { readonly who: string }).who);
    assert.deepEqual([...new Set(hands)], ['alice', 'Olga']);
    const asked = await said('audit show --operation SecurityDomainResharingKeyGet --last 1 --json', 0);
    assert.ok(asked.includes(clients.users.bob.oid), asked);
    assert.match(await said('rehearse --depth full --unfiled --domain d --samples s --as bob', 2), /takes no --as/);
    assert.match(await said(`access explain ${trace} --log ${folder} --as bob`, 2), /takes no --as/);
  });

  test('a refusal is explained from the log where network rules keep this machine out', async () => {
    assert.match(await said('network apply --hsm-name dev --allow 203.0.113.0/24 --confirm-within 1h', 0), /in force/);
    assert.match(await said('network confirm dev --hsm-name other', 2), /name one instance, once/);
    const explained = await said(`access explain ${trace}`, 0);
    assert.match(explained, /Network rules keep this machine out, so only the log in .* is read/);
    assert.ok(explained.includes(trace), explained);
    assert.match(await said('network revert --hsm-name dev', 0), /of before are back/);
  });

  test('access check takes an object id, and names the one that was meant', async () => {
    const { consumer, owner } = clients.applications;
    const check = (who: string, rest = '--action keys/unwrap/action'): Promise<string> =>
      said(`access check --who ${who} ${rest}`, 2);
    const byClient = await check(consumer.appId);
    assert.ok(byClient.includes(`--who ${consumer.appId} is a client id, and roles are given to object ids`), byClient);
    assert.ok(byClient.includes(`strongroom-dev-consumer has ${consumer.oid}`), byClient);
    const byName = await check('strongroom-dev-owner');
    assert.ok(byName.includes(`not 'strongroom-dev-owner': strongroom-dev-owner has ${owner.oid}`), byName);
    assert.match(await check('no-such-name'), /--who is an object id \(a GUID\), not 'no-such-name'\n/);
    assert.match(await check(consumer.oid, '--action keys/unwrp/action'), /did you mean keys\/unwrap\/action\?/);
    const slip = /--action: there is no .* 'KeyUnwrp' \(did you mean keys\/unwrap\/action\?\); docs\/guide\/roles\.md/;
    assert.match(await check(consumer.oid, '--action KeyUnwrp'), slip);
    assert.match(await check(consumer.oid, '--action Nonsense'), /no operation 'Nonsense'; docs\/guide\/roles\.md/);
    const scoped = await check(consumer.oid, '--action keys/unwrap/action --scope keys/x');
    assert.match(scoped, /--scope is \/, \/keys or \/keys\/NAME, not 'keys\/x': did you mean \/keys\/x\?/);
    assert.match(await said(`access check --who ${randomUUID()} --action keys/unwrap/action`), /none considered/);
  });

  test('a trace of another instance names that one, also of one that was purged', async () => {
    await product.stop();
    const { data } = product;
    // Read from the log alone, which has what the roles do not say.
    assert.match(await said(`access explain ${trace}`, 0), /\nended {5}none among \d+ entries of the log around it\n/);
    await mkdir(join(data, 'instances', 'west', 'audit', 'journal'), { recursive: true });
    const explain = (id: string): Promise<string> => said(`access explain ${id} --hsm-name west`);
    const own = `of 'west' but of another instance: ./strongroom access explain ${trace} `;
    assert.ok((await explain(trace)).includes(`${own}--hsm-name dev --data ${product.data}\n`));
    assert.match(await explain(randomUUID()), /no call with the trace/);
    const kept = join(data, 'purged', randomUUID());
    await mkdir(join(data, 'purged'), { recursive: true });
    await rename(join(data, 'instances', 'dev', 'audit'), kept);
    assert.ok((await explain(trace)).includes(`${own}--log ${kept} --data ${product.data}\n`));
  });
});
