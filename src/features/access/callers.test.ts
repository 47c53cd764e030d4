import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OPEN_NETWORK } from '../../formats/network-rules.ts';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint } from '../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../recorder/start-recorder.ts';
import { callersSince, cutOffBy } from './callers.ts';
import { findCall } from './find-entry.ts';

const ALICE = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const trace = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function entry(n: number, address: string, more: object = {}): string {
  return JSON.stringify({
    time: new Date(Date.parse('2026-11-25T00:00:00Z') + n * 60_000).toISOString(),
    operationName: 'KeyGet',
    resultType: 'Success',
    resultSignature: 'OK',
    callerIpAddress: address,
    identity: JSON.stringify({
      claim: { http_schemas_microsoft_com_identity: { claims: { objectidentifier: ALICE } } },
    }),
    correlationId: trace(n),
    httpStatusCode: 200,
    properties: {},
    decision: 'allow',
    ...more,
  });
}

it('callers are counted by place from the newest entry back, over bundles and journal; strangers are not', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  const address = (n: number): string => (n < 100 ? '192.0.2.1' : n % 2 === 0 ? '198.51.100.7' : '2001:db8::1');
  await Promise.all(Array.from({ length: 600 }, (_, n) => log.append(entry(n, address(n)))));
  await log.append(entry(600, '203.0.113.9', { identity: '{"claim":{}}', decision: 'unauthenticated' }));
  await log.append(entry(601, '10.0.0.1', { properties: { networkPath: 'private:pe-bank' } }));
  await log.append('"not an entry"');

  const all = await callersSince(folder, '2026-11-25T00:00:00.000Z');
  assert.equal(all.gaveUp, false);
  assert.deepEqual(
    all.callers.map(({ address, networkPath, calls }) => [address, networkPath, calls]),
    [
      ['198.51.100.7', 'public', 250],
      ['2001:db8::1', 'public', 250],
      ['192.0.2.1', 'public', 100],
      ['10.0.0.1', 'private:pe-bank', 1],
    ],
  );
  const lately = await callersSince(folder, '2026-11-25T09:00:00.000Z');
  assert.deepEqual(
    lately.callers.map(({ calls }) => calls),
    [30, 30, 1],
  );
  const few = await callersSince(folder, '2026-11-25T00:00:00.000Z', 50);
  assert.equal(few.gaveUp, true);

  const closed = { ...OPEN_NETWORK, networkAcls: { ...OPEN_NETWORK.networkAcls, defaultAction: 'Deny' as const } };
  const rules = { ...closed, networkAcls: { ...closed.networkAcls, ipRules: ['198.51.100.0/24'] } };
  const approved = { ...rules, privateEndpointConnections: [{ name: 'pe-bank', status: 'Approved' as const }] };
  assert.deepEqual(
    cutOffBy(approved, all.callers).map(({ address, refusal }) => [address, refusal]),
    [
      ['2001:db8::1', 'AddressNotAllowed'],
      ['192.0.2.1', 'AddressNotAllowed'],
    ],
  );
  assert.equal(cutOffBy(rules, all.callers).at(-1)?.refusal, 'ConnectionNotApproved');

  for (const n of [0, 255, 256, 599, 601]) assert.equal((await findCall(folder, trace(n))).call?.trace, trace(n));
  assert.deepEqual(await findCall(folder, trace(999)), { searched: 603, gaveUp: false });
  assert.equal((await findCall(folder, trace(0), 100)).gaveUp, true);
});
