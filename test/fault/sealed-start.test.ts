// The product as shipped, with its root keys sealed: stopped, sealed, started locked, unlocked by its commands, and killed
// at bad moments.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exchange } from '../../src/cli/https-exchange.ts';
import { splitSealedState } from '../../src/formats/seal-header.ts';
import { filesBelow } from '../support/files-below.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';

const FIRST = 'correct horse battery';
const SECOND = 'staple of another kind';
const PROGRAM = join(CHECKOUT, 'strongroom');

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('the product with sealed root keys', () => {
  let product: RunningProduct;
  let first: string;
  let second: string;
  const run = (...words: readonly string[]): Promise<Said> =>
    new Promise((resolve) => {
      const env = { ...cleanEnvironment(), STRONGROOM_DATA: product.data };
      execFile(PROGRAM, [...words], { env, timeout: 300_000 }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
      });
    });
  const done = async (...words: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}`);
    return out;
  };
  const active = (): Promise<unknown> => product.until(({ instances }) => instances['dev']?.activation === 'Active');
  const change = (to: string, from: string, ...more: readonly string[]): string[] => [
    ...['seal', 'change', 'dev', '--to', to, '--passphrase-file', from],
    ...more,
  ];
  const passphrase = (file: string): string[] => ['--new-passphrase-file', file, '--memory', '64'];

  before(async () => {
    product = await startProduct();
    first = join(product.data, '..', 'first');
    second = join(product.data, '..', 'second');
    writeFileSync(first, `${FIRST}\n`, { mode: 0o600 });
    writeFileSync(second, `${SECOND}\n`, { mode: 0o600 });
  });
  after(() => product[Symbol.asyncDispose]());

  test('a running instance keeps its seal, and the refusal says how to stop it', async () => {
    const refused = await run('seal', 'change', 'dev', '--to', 'passphrase', ...passphrase(first));
    assert.equal(refused.code, 1);
    assert.match(refused.err, /'dev' runs \(process \d+\): stop it with '\.\/strongroom instance stop dev'/);
    assert.match(await done('seal', 'show', 'dev'), /a key file beside the state/);
    assert.match((await run('unlock', 'dev', '--passphrase-file', first)).err, /no locked instance 'dev' runs/);
  });

  test('stopped, sealed by a passphrase and started it is locked until the passphrase comes', async () => {
    await done('instance', 'stop', 'dev');
    const stopped = await run('status');
    assert.equal(stopped.code, 1);
    assert.match(stopped.out, /\ndev {2}Stopped: \.\/strongroom instance start dev\n$/);
    const replaced = await run('instance', 'restart', 'dev');
    assert.equal(replaced.code, 1);
    assert.match(replaced.err, /'dev' is stopped, .* start it with '\.\/strongroom instance start dev'/);
    for (const words of [
      ['unlock', 'dev'],
      ['clock', 'show'],
    ]) {
      assert.match((await run(...words)).err, /'dev' does not run\. Stopped: \.\/strongroom instance start dev/);
    }
    assert.match(await done('alias', 'set', 'later', '--hsm-name', 'dev'), /^'dev' will answer, once it runs, at/);
    await done('alias', 'remove', 'later');
    const changed = await run('seal', 'change', 'dev', '--to', 'passphrase', ...passphrase(first));
    assert.equal(changed.code, 0, changed.err);
    assert.match(changed.err, /Start it again: \.\/strongroom instance start dev\n$/);
    assert.match(await done('instance', 'start', 'dev'), /^dev {2}Locked\n {2}Locked: .*strongroom unlock dev/);
    assert.equal((await run('status')).code, 1);
    assert.match((await run('clock', 'show')).err, /503 ServiceUnavailable: The HSM is locked/);
    const wrong = await run('unlock', 'dev', '--passphrase-file', second);
    assert.deepEqual(
      [wrong.code, /it stays locked: wrong passphrase\. Try it again; .*recovery\.md/.test(wrong.err)],
      [1, true],
    );
    assert.match((await run('unlock', 'dev')).err, /not at a terminal: give the passphrase with --passphrase-file/);
    const isActive = active();
    await done('unlock', 'dev', '--passphrase-file', first);
    await isActive;
    await done('clock', 'show');
    assert.match((await run('unlock', 'dev', '--passphrase-file', first)).err, /'dev' is not locked/);
  });

  test('an alias comes and goes and leaves it unlocked; one that is set while it is locked holds after the unlocking', async () => {
    const { pids, ca } = { pids: product.state.pids.instances['dev'], ca: [product.ca] };
    const alias = (...words: readonly string[]) => done('alias', ...words);
    const challenged = async (name: string): Promise<number> => {
      const url = `https://${name}.managedhsm.azure.net/keys?api-version=7.5`;
      return (await exchange({ ca, port: product.state.port }, { method: 'GET', url, headers: {} })).status;
    };
    assert.match(await alias('set', 'payments', '--hsm-name', 'dev'), /^'dev' answers at /);
    assert.equal(await challenged('payments'), 401, 'neither locked nor without a certificate for that name');
    assert.deepEqual(product.state.pids.instances['dev'], pids, 'nothing is started anew');
    assert.match(await alias('remove', 'payments'), /does not answer under 'payments' any more/);
    assert.equal(product.state.instances['dev']?.activation, 'Active');
    await done('instance', 'stop', 'dev');
    await done('instance', 'start', 'dev');
    await alias('set', 'payments', '--hsm-name', 'dev');
    assert.equal(await challenged('payments'), 503);
    const isActive = active();
    await done('unlock', 'dev', '--passphrase-file', first);
    await isActive;
    assert.equal(await challenged('payments'), 401);
    await alias('remove', 'payments');
  });

  test('a worker whose partitions are all killed at once is locked again, and says so', async () => {
    const locked = product.until(({ instances }) => instances['dev']?.activation === 'Locked');
    const partitions = product.state.pids.instances['dev']?.module ?? [];
    // Halted first: the last one killed would hand the seal key to the one that replaces the first.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of partitions) process.kill(pid, signal);
    await locked;
    const isActive = active();
    await done('unlock', 'dev', '--passphrase-file', first);
    await isActive;
  });

  test('an exchange killed at any moment leaves a state that opens with one of the two passphrases', async () => {
    await done('instance', 'stop', 'dev');
    const state = join(product.data, 'instances', 'dev', 'module', 'state.sealed');
    const salt = (): string => {
      const seal = splitSealedState(readFileSync(state)).header?.seal;
      return seal?.kind === 'passphrase' ? seal.salt : '';
    };
    let [present, other] = [first, second];
    for (const wait of [150, 600, 900, 1200, 1600, 2400]) {
      const before = salt();
      const child = spawn(PROGRAM, change('passphrase', present, ...passphrase(other)), {
        env: { ...cleanEnvironment(), STRONGROOM_DATA: product.data },
        stdio: 'ignore',
        detached: true,
      });
      const ended = once(child, 'exit');
      await Promise.race([delay(wait), ended]);
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It was done already.
      }
      await ended;
      if (salt() !== before) [present, other] = [other, present];
    }
    // The partition of the last one ends with its pipe.
    await done(...change('passphrase', present, ...passphrase(first)));
  });

  test('sealed by a quorum it is opened with packets that custodians make elsewhere', async () => {
    const folder = join(product.data, 'custodians-development-only');
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.cer'))
      .map((name) => name.slice(0, -4));
    assert.equal(names.length, 3);
    const certificates = names.flatMap((name) => ['--custodian', join(folder, `${name}.cer`)]);
    await done(...change('quorum', first, ...certificates, '--required', '2'));
    assert.match(await done('seal', 'show', 'dev'), /quorum +2 of 3\ncustodian +([0-9a-f]{4} ){15}[0-9a-f]{4}\n/);
    assert.match(await done('instance', 'start', 'dev'), /Locked: .* a quorum of its custodians/);
    const at = (name: string): string => join(product.data, '..', name);
    const out = await done('unlock', 'dev', '--certificate', at('unlock.cer'), '--shares', at('shares.json'));
    const fingerprint = /\n {2}([0-9a-f ]+)\n/.exec(out)?.[1] ?? '';
    for (const name of names.slice(0, 2)) {
      const own = ['--key', join(folder, `${name}.pem`), '--out', at(`${name}.json`)];
      const agreed = ['--yes', '--recipient-fingerprint', fingerprint];
      const to = ['--purpose', 'unlock', '--to', at('unlock.cer')];
      await done('custodian', 'share', at('shares.json'), ...own, ...to, ...agreed);
    }
    const [one = '', two = ''] = names.map((name) => at(`${name}.json`));
    assert.match((await run('unlock', 'dev', '--packets', one)).err, /2 of the 3 custodians are needed, packets of 1/);
    assert.match((await run('unlock', 'dev', '--packets', one, one)).err, /was given twice/);
    const isActive = active();
    assert.match(await done('unlock', 'dev', '--packets', one, two), /dev is unlocked by 2 custodians/);
    await isActive;
  });

  test('no passphrase is in any file of the data directory, in a log, or in a process’s words or environment', () => {
    let files = 0;
    for (const { path, content } of filesBelow(product.data)) {
      files += 1;
      for (const secret of [FIRST, SECOND]) assert.ok(!content.includes(secret), path);
    }
    assert.ok(files > 20);
    for (const pid of product.pids) {
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +/m);
      for (const what of ['environ', 'cmdline']) {
        const content = readFileSync(`/proc/${pid}/${what}`);
        assert.ok(![FIRST, SECOND].some((secret) => content.includes(secret)), `${pid} ${what}`);
      }
    }
    for (const pid of product.state.pids.instances['dev']?.module ?? []) {
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
    }
  });
});
