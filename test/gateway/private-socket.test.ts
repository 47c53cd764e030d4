// A private listener at a Unix socket, when the worker that has it is replaced: its name leads to one that listens, whatever
// becomes of the next.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Issued, issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { openListeners } from '../../src/service/instance-listeners.ts';
import { LiveNames } from '../../src/service/live-configuration.ts';
import type { ServiceOptions } from '../../src/service/service-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));
const sockets = ['plant', 'office'].map((name) => join(folder, `${name}.sock`));
const tlsKey = join(folder, 'key.pem');
const tlsCertificate = join(folder, 'certificate.pem');
before(async () => {
  const leaf: Issued = issueServer(issueAuthority(new Date()), ['localhost'], new Date());
  writeFileSync(tlsKey, leaf.key);
  writeFileSync(tlsCertificate, leaf.certificate);
});

/** @param leads absent: nobody was there before it */
function open(leads?: Promise<void>) {
  const options = {
    config: { profile: 'dev', privateListeners: sockets.map((socket) => ({ connection: 'plant', socket })) },
    names: new LiveNames({ hostNames: [] }),
    places: { tlsKey, tlsCertificate },
    port: 0,
    shared: false,
    completesLog: true,
    ...(leads === undefined ? {} : { leads }),
  } as unknown as ServiceOptions;
  return openListeners(options, () => undefined);
}

const isReached = async (): Promise<boolean> => (await Promise.all(sockets.map(reaches))).every((reached) => reached);

async function reaches(socket: string): Promise<boolean> {
  const client = connect(socket);
  try {
    await once(client, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

test('the socket is that of the worker which goes on, when the next one fails, and when it is led over to', async () => {
  const old = await open();
  assert.ok(await isReached());
  const failing = await open(Promise.withResolvers<void>().promise);
  await failing[Symbol.asyncDispose]();
  assert.ok(await isReached(), 'the next one has failed');
  const leads = Promise.withResolvers<void>();
  const next = await open(leads.promise);
  leads.resolve();
  await leads.promise;
  const left = old.leave();
  assert.ok(await isReached(), 'the next one has taken over');
  await old[Symbol.asyncDispose]();
  await left;
  assert.ok(await isReached(), 'the old one has gone');
  await next[Symbol.asyncDispose]();
  assert.equal(await isReached(), false);
});
