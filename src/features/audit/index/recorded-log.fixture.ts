// For tests: a log as the recorder writes it, of entries such as a service sends, and its index beside it.
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { openAuditLog } from '../../../links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint } from '../../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../../recorder/start-recorder.ts';
import type { IndexPlace } from './index-file.ts';

export interface RecordedLog extends Disposable, IndexPlace {
  record(entries: readonly (object | string)[]): Promise<void>;
}

export function recordedLog(): RecordedLog {
  const place = makePlace();
  const { folder, socketPath } = place;
  return {
    folder,
    path: join(dirname(folder), 'index', 'test.db'),
    async record(entries) {
      await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: () => undefined });
      await using log = await openAuditLog({ socketPath, signCheckpoint });
      for (let at = 0; at < entries.length; at += 100) {
        const some = entries.slice(at, at + 100);
        await Promise.all(some.map((each) => log.append(typeof each === 'string' ? each : JSON.stringify(each))));
      }
    },
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
}

export const CALLERS: readonly string[] = [1, 2, 3].map((n) => `${n}c1f3a2a-9be3-4f5c-a1a0-4d5d7e1f8f2b`);
export const VERSIONS: readonly string[] = ['a', 'b'].map((digit) => digit.repeat(32));
const ACTIONS = { KeySign: 'sign', KeyUnwrap: 'unwrap', KeyCreate: 'create' };

/** Entries as calls, own acts and older versions leave them, at times that are mostly in order. */
export const anyEntry: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({
    minute: fc.integer({ min: 0, max: 100 }),
    caller: fc.option(fc.constantFrom(...CALLERS), { freq: 5 }),
    user: fc.option(fc.constantFrom('alice@example.com', 'Bob@example.com')),
    operation: fc.constantFrom('KeySign', 'KeyUnwrap', 'KeyCreate'),
    key: fc.constantFrom('tde', 'TDE-2', 'app-key'),
    version: fc.constantFrom(...VERSIONS),
    status: fc.constantFrom(200, 200, 200, 403, 404, 500),
    address: fc.ipV4(),
    trace: fc.uuid(),
    clientRequestId: fc.option(fc.oneof(fc.uuid(), fc.constant('SAME-ID'))),
    detail: fc.option(fc.record({ setting: fc.string(), changes: fc.object({ maxDepth: 1 }) }), { freq: 3 }),
    isOwn: fc.boolean(),
  })
  .map(({ minute, caller, user, operation, key, version, status, address, trace, clientRequestId, detail, isOwn }) => {
    const time = new Date(1.79e12 + minute * 60_000).toISOString();
    const properties = { PoolType: 'M-HSM', ...(detail === null ? {} : { detail }) };
    if (isOwn && minute % 4 === 0) {
      return {
        time,
        operationName: 'KeyRotateIfDue',
        resultType: 'Success',
        properties,
        key: `/keys/${key}/${version}`,
      };
    }
    const claims = (name: string): string => `http_schemas_${name}_identity`;
    const claim = {
      appid: 'fd7d8c36-d488-440c-a2ae-b04a938c725b',
      ...(caller === null ? {} : { [claims('microsoft_com')]: { claims: { objectidentifier: caller } } }),
      ...(user === null ? {} : { [claims('xmlsoap_org_ws_2005_05')]: { claims: { upn: user } } }),
    };
    return {
      time,
      operationName: operation,
      resultType: status === 200 ? 'Success' : 'Failed',
      resultSignature: status === 200 ? 'OK' : 'Forbidden',
      resultDescription: status === 200 ? '' : `NoRole: nothing for ${key}`,
      callerIpAddress: address,
      identity: JSON.stringify({ claim }),
      correlationId: trace,
      httpStatusCode: status,
      requestUri: `https://dev.managedhsm.azure.net/keys/${key}/${version}/sign?api-version=7.6`,
      properties: { ...properties, ...(clientRequestId === null ? {} : { clientRequestId }) },
      dataAction: `Microsoft.KeyVault/managedHsm/keys/${ACTIONS[operation]}/action`,
      scope: `/keys/${key}`,
      decision: status === 403 ? 'deny' : 'allow',
      ...(status === 200 ? { grant: '5fac3fa7-a0b6-451a-aabe-0419e1f17991', key: `/keys/${key}/${version}` } : {}),
    };
  });
