import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryLine } from '../../tools/audit/entry-line.ts';
import type { AuditEntry } from './audit-log.ts';
import { auditEntryJson } from './entry.ts';

const entry: AuditEntry = {
  time: '2026-11-25T00:00:00.000Z',
  resourceId: '/SUBSCRIPTIONS/S',
  operationName: 'KeySign',
  operationVersion: '7.5',
  category: 'AuditEvent',
  resultType: 'Success',
  resultSignature: 'OK',
  resultDescription: '',
  durationMs: 3,
  callerIpAddress: '127.0.0.1',
  identity: '{"claim":{"appid":"app","http_schemas_microsoft_com_identity":{"claims":{"objectidentifier":"oid"}}}}',
  clientInfo: 'az',
  correlationId: 'c',
  httpStatusCode: 200,
  PoolName: 'dev',
  requestUri: 'https://dev.managedhsm.azure.net/keys/k/v/sign?api-version=7.5',
  properties: { PoolType: 'M-HSM' },
  decision: 'allow',
};

test('an entry reads back as it was given, absent members absent, in one order', () => {
  assert.deepEqual(JSON.parse(auditEntryJson(entry)), entry);
  assert.equal(auditEntryJson(Object.fromEntries(Object.entries(entry).reverse()) as never), auditEntryJson(entry));
  const withHead = { ...entry, storeHead: { sequence: 7, hash: 'h' } };
  assert.deepEqual(JSON.parse(auditEntryJson(withHead)), withHead);
});

test('for all texts a caller can send: the entry fits, and what it is about is whole', () => {
  const long = fc
    .tuple(fc.constantFrom('a', '"', '\u0000', 'é', '\u{1f511}', '\ud800', '\n'), fc.integer({ min: 0, max: 70_000 }))
    .map(([unit, times]) => unit.repeat(times));
  fc.assert(
    fc.property(long, long, long, long, (clientInfo, requestUri, correlationId, identity) => {
      const text = auditEntryJson({ ...entry, clientInfo, requestUri, correlationId, identity });
      assert.ok(Buffer.byteLength(text) <= 65_535);
      assert.ok(!text.includes('\0'));
      const read = JSON.parse(text) as AuditEntry;
      assert.deepEqual([read.operationName, read.decision, read.resourceId], ['KeySign', 'allow', entry.resourceId]);
    }),
    { numRuns: 60 },
  );
});

test('for all entries that fit: the text is that of JSON, members in their order', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('"', '\\', '\u007f', '\ud800', 'é'),
  );
  const maybe = fc.option(text, { nil: undefined });
  const made = fc.record({
    a: text,
    b: text,
    c: text,
    dataAction: maybe,
    scope: maybe,
    grant: maybe,
    key: maybe,
    ms: fc.nat(),
  });
  fc.assert(
    fc.property(made, ({ a, b, c, dataAction, scope, grant, key, ms }) => {
      const texts = { time: a, clientInfo: b, requestUri: c, identity: b, correlationId: a, resultDescription: c };
      const { decision, ...rest } = { ...entry, ...texts, durationMs: ms, properties: { a, [b]: c } };
      const whole = { ...rest, dataAction, scope, decision, grant, key, storeHead: { sequence: ms, hash: a } };
      assert.equal(auditEntryJson(whole), JSON.stringify(whole));
    }),
  );
});

test('for all members: the entry of the same target that differs in one of them says so', () => {
  const whole: AuditEntry = {
    ...{ ...entry, dataAction: 'd', scope: '/', grant: 'g', key: '/keys/k/v' },
    storeHead: { sequence: 1, hash: 'h' },
  };
  assert.equal(JSON.stringify(JSON.parse(auditEntryJson(whole))), auditEntryJson(whole));
  const others = { httpStatusCode: 404, durationMs: 9, properties: { a: 1 }, storeHead: { sequence: 2, hash: 'i' } };
  for (const name of Object.keys(whole)) {
    const other = { ...whole, [name]: (Reflect.get(others, name) as unknown) ?? 'another' };
    const without = { ...whole, [name]: undefined };
    for (const each of [whole, other, whole]) {
      assert.deepEqual(JSON.parse(auditEntryJson(each)), each, name);
    }
    if (['dataAction', 'scope', 'decision', 'grant', 'key', 'storeHead'].includes(name)) {
      const { [name as 'key']: _, ...left } = without;
      assert.deepEqual(JSON.parse(auditEntryJson(without)), left, name);
    }
  }
});

test('what an entry was about is whole while the texts of a caller give way, and gives way last', () => {
  const detail = { kty: 'EC-HSM', tags: ['t'.repeat(10_000)] };
  const properties = { ...entry.properties, detail };
  const long = { ...entry, properties, clientInfo: 'a'.repeat(70_000) };
  assert.deepEqual((JSON.parse(auditEntryJson(long)) as AuditEntry).properties, properties);
  const longer = { ...long, properties: { ...entry.properties, detail: { tags: ['t'.repeat(70_000)] } } };
  assert.deepEqual((JSON.parse(auditEntryJson(longer)) as AuditEntry).properties, {
    PoolType: 'M-HSM',
    detailLeftOut: 70_013,
  });
});

test('a line for a person names key, caller and address, and nothing in it steers the terminal', () => {
  const line = entryLine(5, { ...entry, key: '/keys/k/\u001b[2Jv', decision: 'deny' });
  assert.match(
    line,
    /^ {7}5 {2}2026-11-25T00:00:00.000Z {2}200 {2}KeySign .*\/keys\/k\/\ufffd\[2Jv +oid +127.0.0.1 +deny$/,
  );
});
