// Ceremonies over HTTPS: the domain key states what was reported, once, and nothing that the register knows to be untrue.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { domainFingerprint } from '../../src/formats/domain-identity.ts';
import { verifyStatement } from '../../src/formats/verify-statement.ts';
import { readEntries } from '../support/audit-entries.ts';
import { digestOf, makeCustodians } from '../support/custodians.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const PATH = '/securitydomain/ceremonies';
let instance: RunningInstance;
let domain: string;
let proveAll: () => Promise<void>;

before(async () => {
  instance = await startRunningInstance();
  const people = await makeCustodians('Anna', 'Boris', 'Clara');
  const certificates = people.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
  const reply = await ask('POST', '/securitydomain/download', { certificates, required: 2 });
  const document = (reply.json as { value: string }).value;
  domain = digestOf(document);
  proveAll = async () => {
    for (const each of people) {
      const packet = JSON.parse(each.acknowledges(document)) as unknown;
      assert.equal((await ask('POST', '/securitydomain/custodians/packets', { packet })).status, 200);
    }
  };
});
after(() => instance[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: unknown): Promise<Reply> {
  const token = await instance.adminToken();
  return instance.ask(method, `${path}?api-version=7.5`, { token, ...(body === undefined ? {} : { body }) });
}

function reportOf(id: string, kind = 'activation', words = ''): Record<string, string> {
  return { id, kind, domain, report: `# Report\n${id} ${kind} ${domain} ${words}\n` };
}

test('an activation with a share that was not shown to open is not stated', async () => {
  const reply = await ask('POST', PATH, reportOf(randomUUID()));
  assert.equal(reply.status, 409, reply.text);
  assert.match(reply.text, /SharesNotProven/);
  assert.match(reply.text, /Anna, Boris, Clara/);
  await proveAll();
});

test('a report is stated by the domain key, once, also after a restart and to two at a time', async () => {
  const report = reportOf(randomUUID());
  const [one, two] = await Promise.all([ask('POST', PATH, report), ask('POST', PATH, report)]);
  assert.deepEqual(new Set([one.status, two.status]), new Set([200, 201]));
  assert.deepEqual(one.json, two.json);
  const { note, domainKey, domainFingerprint: fingerprint } = one.json as Record<string, string>;
  const key = Buffer.from(domainKey ?? '', 'base64url');
  verifyStatement(note ?? '', 'ceremony', Buffer.from(report['report'] ?? '', 'utf8'), key);
  assert.equal(domainFingerprint(key), fingerprint);
  await instance.restart();
  const again = await ask('POST', PATH, report);
  assert.equal(again.status, 200);
  assert.deepEqual(again.json, one.json);
  assert.deepEqual((await ask('GET', `${PATH}/${report['id']}`)).json, one.json);
  assert.equal(((await ask('GET', PATH)).json as { value: unknown[] }).value.length, 1);
  const other = await ask('POST', PATH, reportOf(report['id'] ?? '', 'activation', 'otherwise'));
  assert.equal(other.status, 409);
  const entry = readEntries(instance).findLast(({ operationName }) => operationName === 'CeremonyRecord');
  assert.equal(entry?.resultType, 'Failed');
  assert.ok(
    readEntries(instance).some(({ resultDescription }) =>
      String(resultDescription).includes(`Ceremony ${report['id']}`),
    ),
  );
});

test('a report that does not name what it is recorded for, or another domain file, is refused', async () => {
  const good = reportOf(randomUUID());
  for (const [edit, status] of [
    [{ id: 'x' }, 400],
    [{ kind: 'wedding' }, 400],
    [{ domain: 'short' }, 400],
    [{ report: 'nothing' }, 400],
    [{ id: randomUUID() }, 400],
    [{ kind: 'recovery' }, 400],
    [{ report: 'x'.repeat(256 * 1024 + 1) }, 400],
    [{ domain: digestOf('another'), report: `${good['report']} ${digestOf('another')}` }, 409],
  ] as const) {
    const reply = await ask('POST', PATH, { ...good, ...edit });
    assert.equal(reply.status, status, JSON.stringify(edit).slice(0, 80) + reply.text);
  }
  assert.equal((await ask('GET', `${PATH}/${randomUUID()}`)).status, 404);
});
