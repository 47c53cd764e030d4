// The management plane's log as files of the product that runs: kept, signed and verified as an instance's is, also on a copy; and
// what holds when control or its recorder is killed between an act and its record.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { type ArmClient, armClient } from '../support/arm-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

const GROUP = '/resourceGroups/g';

describe('the management plane’s log of a running product', () => {
  let product: RunningProduct;
  let arm: ArmClient;
  const data = mkdtempSync(join(tmpdir(), 'strongroom-management-'));
  before(async () => {
    product = await startProduct({ data, demo: false });
    arm = await armClient(product, await product.environment());
    assert.equal((await tag('0')).status, 201);
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    rmSync(data, { recursive: true });
  });

  const at = () => places(data).management;
  /** By its name: the log has no values of tags. */
  const tag = (name: string) => arm.ask('PUT', GROUP, { location: 'local', tags: { [`tag-${name}`]: 'x' } });
  const tagNow = async () =>
    Object.keys(((await arm.ask('GET', GROUP)).json as { tags?: object }).tags ?? {})
      .join()
      .replace('tag-', '');
  const written = () =>
    [...openEntries(at().audit).from(0)].map(({ text }) => text).filter((text) => text.includes('"tags"'));
  const pidOf = (name: 'control' | 'managementRecorder'): number =>
    product.state.pids[name] ?? assert.fail(`${name} does not run`);
  /** Killed, and its successor serves. */
  const replaced = async (name: 'control' | 'managementRecorder'): Promise<void> => {
    const before = pidOf(name);
    process.kill(before, 'SIGKILL');
    await product.until(({ pids }) => pids[name] !== null && pids[name] !== before);
  };

  test('is whole, signed by its own key, and shown and verified by the same commands, also on a copy', async () => {
    const { root, audit, module, verifierKey } = at();
    for (const folder of [root, audit, module, verifierKey]) {
      assert.equal(statSync(folder).mode & 0o077, 0, folder);
    }
    const shown = await runStrongroom(...['audit', 'show', '--management', '--data', data]);
    assert.match(shown.stdout, /Strongroom\/managementPlane\/start\/action/);
    assert.match(
      shown.stdout,
      /202 {2}Microsoft\.Resources\/subscriptions\/resourceGroups\/write {2}\/subscriptions\/[^ ]+\/resourceGroups\/g/,
    );
    await tag('0');
    const copy = mkdtempSync(join(tmpdir(), 'strongroom-log-'));
    try {
      await replaced('managementRecorder');
      // An orderly stop leaves a checkpoint of everything.
      const stopped = await product.stop();
      assert.equal(stopped, 0);
      cpSync(at().audit, join(copy, 'log'), { recursive: true });
      const key = readFileSync(at().verifierKey, 'utf8').trim();
      const log = ['--log', join(copy, 'log')];
      const verified = await runStrongroom(...['audit', 'verify', ...log, '--key', key]);
      assert.equal(verified.code, 0, verified.stdout + verified.stderr);
      assert.match(verified.stdout, /holds, signature verified[^]*The log is whole/);
      const checkpoint = await runStrongroom(...['audit', 'checkpoint', '--management', '--data', data]);
      writeFileSync(join(copy, 'saved'), checkpoint.stdout);
      const tiles = join(copy, 'log', 'tile', '0', '000.p');
      for (const name of readdirSync(tiles)) writeFileSync(join(tiles, name), Buffer.alloc(32 * Number(name)));
      const cut = await runStrongroom(
        ...['audit', 'verify', ...log, '--checkpoint', join(copy, 'saved'), '--key', key],
      );
      assert.equal(cut.code, 1, cut.stdout);
      const both = await runStrongroom(...['audit', 'show', '--management', ...log]);
      assert.equal(both.code, 2);
    } finally {
      rmSync(copy, { recursive: true });
    }
    product = await startProduct({ data: data, demo: false });
    arm = await armClient(product, await product.environment());
  });

  test('an act whose recorder is killed before it is durable is answered once a new one has it, and stored once', async () => {
    const recorder = pidOf('managementRecorder');
    process.kill(recorder, 'SIGSTOP');
    const asked = tag('1');
    let isAnswered = false;
    void asked.then(() => {
      isAnswered = true;
    });
    assert.equal(await tagNow(), '0', 'it is not in force');
    assert.equal(isAnswered, false, 'no record, no answer');
    await replaced('managementRecorder');
    assert.equal((await asked).status, 200);
    assert.equal(await tagNow(), '1');
    assert.equal(written().filter((text) => text.includes('"added":["tag-1"]')).length, 1);
  });

  test('an act whose control is killed before it is durable has no answer and no effect, though perhaps an entry', async () => {
    const recorder = pidOf('managementRecorder');
    process.kill(recorder, 'SIGSTOP');
    const asked = tag('2').then(
      ({ status }) => status,
      () => 'no answer',
    );
    assert.equal(await tagNow(), '1');
    await replaced('control');
    process.kill(recorder, 'SIGCONT');
    assert.equal(await asked, 'no answer');
    arm = await armClient(product, await product.environment());
    assert.equal(await tagNow(), '1');
    assert.equal((await tag('3')).status, 200);
    const entries = [...openEntries(at().audit).from(0)].map(({ text }) => JSON.parse(text) as Entry);
    const start = entries.findLast(({ operationName }) => operationName.endsWith('/start/action'));
    const inForce = entries.findLast(({ properties: { detail } }) => detail?.changes?.tags?.added?.includes('tag-1'));
    assert.equal(start?.properties.records, inForce?.properties.records, 'a start says which records it found');
  });

  test('one that was cut is refused: nothing is changed then, and everything else goes on', async () => {
    await product.stop();
    const { audit } = at();
    const kept = `${audit}-kept`;
    cpSync(audit, kept, { recursive: true });
    rmSync(audit, { recursive: true });
    product = await startProduct({ data: data, demo: false });
    assert.match(product.output, /the management plane changes nothing/);
    arm = await armClient(product, await product.environment());
    assert.equal(await tagNow(), '3');
    const refused = await tag('4');
    assert.equal(refused.status, 503, refused.text);
    assert.match(refused.text, /management-recorder\.log/);
    await product.stop();
    rmSync(audit, { recursive: true, force: true });
    cpSync(kept, audit, { recursive: true });
    product = await startProduct({ data: data, demo: false });
    arm = await armClient(product, await product.environment());
    assert.equal((await tag('5')).status, 200);
  });
});

interface Entry {
  readonly operationName: string;
  readonly properties: {
    readonly records?: string;
    readonly detail?: { readonly changes?: { readonly tags?: { readonly added?: readonly string[] } } };
  };
}
