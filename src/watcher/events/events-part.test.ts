// A worker in the hands of an attacker: it says where events go to, and what they are.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Link } from '../../links/link.ts';
import { auditEntryJson, ownEntry } from '../../links/recorder/entry.ts';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint } from '../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../recorder/start-recorder.ts';
import { dueEntry, SINCE } from './events.fixture.ts';
import { EventsPart } from './events-part.ts';

test('sends it nowhere but where the configuration of its own instance allows, whatever it says', async (t) => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.headers.host} ${request.url}`);
    request.resume();
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  using place = makePlace();
  using watch = makePlace();
  mkdirSync(watch.folder);
  const { folder, socketPath } = place;
  {
    await using _recorder = await startRecorder({
      ...{ folder, socketPath, origin: ORIGIN, report: () => undefined },
      ...{ segmentLength: 64 * 1024, checkpointInterval: 10 },
    });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    await log.append(dueEntry('k', 'one').toString());
  }
  const lies: readonly unknown[] = [
    undefined,
    null,
    'x',
    { since: SINCE, address: 5 },
    { since: SINCE, address: `${origin}/ok`, more: true },
    { since: SINCE, address: `http://localhost:${port}/` },
    { since: SINCE, address: `http://user:word@127.0.0.1:${port}/` },
    { since: SINCE, address: `http://127.0.0.1:${port}.example/` },
    { since: SINCE, address: 'http://169.254.169.254/latest/meta-data' },
    { since: SINCE, address: 'file:///etc/passwd' },
    { since: SINCE, address: 'x'.repeat(100_000) },
  ];
  let asked = 0;
  const request = async (_: unknown, { instance }: { readonly instance: string }) => {
    assert.equal(instance, 'dev');
    const told = asked < lies.length ? lies[asked] : { since: SINCE, address: `${origin}/good` };
    asked += 1;
    return { worker: 0, workers: 1, ...(asked === 1 ? {} : { told }) };
  };
  const reports: string[] = [];
  let steady = 0;
  await using part = new EventsPart({
    ...{ profile: 'dev', folder: watch.folder },
    record: () => Promise.resolve(),
    link: { request: request as unknown as Link['request'] },
    report: (what) => reports.push(what),
    steady: () => (steady += 10_000),
  });
  const log = { folder, origin: ORIGIN, instance: 'dev', resourceId: '/hsms/dev', isManagement: false };
  part.update([log], [{ name: 'dev', eventTargets: [{ origin }] }]);
  while (paths.length === 0) await delay(10);
  assert.deepEqual(paths, [`127.0.0.1:${port} /good`]);
  assert.ok(asked > lies.length);
  assert.deepEqual(reports, []);
});

test('what the log says was delivered is not sent again, however far behind that is, and if it came last', async (t) => {
  const ids: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      ids.push((JSON.parse(text) as { readonly id: unknown }).id);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  using place = makePlace();
  using watch = makePlace();
  mkdirSync(watch.folder);
  const { folder, socketPath } = place;
  await using _recorder = await startRecorder({
    ...{ folder, socketPath, origin: ORIGIN, report: () => undefined },
    ...{ segmentLength: 1024 * 1024, checkpointInterval: 3_600 },
  });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  const entry = (operationName: string, events: readonly string[] = []): string =>
    auditEntryJson(ownEntry({ category: 'AuditEvent', operationName, properties: { detail: { events } } }));
  for (const id of ['far', 'last', 'owed']) await log.append(dueEntry(id, id).toString());
  for (let left = 5_000; left > 0; left -= 500)
    await Promise.all(Array.from({ length: 500 }, () => log.append(entry('KeyGet'))));
  await log.append(entry('EventDeliver', ['far']));
  await log.append(entry('KeyGet'));
  await log.append(entry('EventDeliver', ['last']));
  const request = async () => ({ worker: 0, workers: 1, told: { since: SINCE, address: `${origin}/` } });
  await using part = new EventsPart({
    ...{ profile: 'dev', folder: watch.folder },
    record: () => Promise.resolve(),
    link: { request: request as unknown as Link['request'] },
    report: assert.fail,
  });
  const watched = { folder, origin: ORIGIN, instance: 'dev', resourceId: '/hsms/dev', isManagement: false };
  part.update([watched], [{ name: 'dev', eventTargets: [{ origin }] }]);
  while (!ids.includes('owed')) await delay(10);
  assert.deepEqual(ids, ['owed']);
});
