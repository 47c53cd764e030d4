// Whoever unlocks an instance brings a secret: nobody but its module gets it, though the control process may bind a socket
// wherever it likes and answer there as a locked worker does.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unlockSockets } from '../../src/links/unlock/socket-notes.ts';
import { confined } from '../../src/supervisor/control-arguments.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';

const [OLD, NEW] = ['unlock0-AAAAAAAAAAAA.sock', 'unlock0-BBBBBBBBBBBB.sock'];

describe('a control process that poses as a locked instance', () => {
  let product: RunningProduct;
  let run: string;
  let hostile: ChildProcessByStdio<Writable, Readable, null>;
  let passphrase: string;
  const said: string[] = [];
  let hear = (): void => {};

  const strongroom = (...words: readonly string[]): Promise<{ readonly code: number; readonly err: string }> =>
    new Promise((resolve) => {
      const options = { env: { ...cleanEnvironment(), STRONGROOM_DATA: product.data }, timeout: 240_000 };
      execFile(join(CHECKOUT, 'strongroom'), [...words], options, (error, _out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), err });
      });
    });
  const done = async (...words: readonly string[]): Promise<void> => {
    const { code, err } = await strongroom(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${err}`);
  };
  const unlock = (file = passphrase) => strongroom('unlock', 'dev', '--passphrase-file', file);
  /** @returns what became of the attempt to take this name */
  const squat = async (name: string): Promise<string> => {
    hostile.stdin.write(`${name}\n`);
    for (;;) {
      const answer = said.find((line) => line.split(' ')[1] === name);
      if (answer !== undefined) return answer;
      await new Promise<void>((resolve) => {
        hear = resolve;
      });
    }
  };
  let looks = 0;
  const asked = async (): Promise<readonly string[]> => {
    // It says everything in order: all that it was asked before has been heard then.
    await squat(`look${looks++}`);
    return said.filter((line) => line.startsWith('asked'));
  };

  before(async () => {
    product = await startProduct();
    run = join(product.data, 'instances', 'dev', 'run');
    const own = join(product.data, '..', 'hostile');
    mkdirSync(own, { mode: 0o700 });
    const entry = fileURLToPath(new URL('hostile-unlock.fixture.ts', import.meta.url));
    const { flags = [] } = confined({ entry, folder: own, reads: [], args: [], has: 'network' });
    hostile = spawn(process.execPath, [...flags, entry, run], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: hostile.stdout }).on('line', (line) => {
      said.push(line);
      hear();
    });
    passphrase = join(product.data, '..', 'passphrase');
    writeFileSync(passphrase, 'correct horse battery\n', { mode: 0o600 });
    await done('instance', 'stop', 'dev');
    const seal = ['--to', 'passphrase', '--new-passphrase-file', passphrase, '--memory', '64'];
    await done('seal', 'change', 'dev', ...seal);
  });
  after(async () => {
    hostile.kill();
    await product[Symbol.asyncDispose]();
  });

  test('is not asked, whether it takes names before the instance starts or after', async () => {
    for (const name of [OLD, 'unlock0.at', 'socket-folder']) assert.equal(await squat(name), `bound ${name}`);
    await done('instance', 'start', 'dev');
    for (const name of [NEW, 'unlock1-AAAAAAAAAAAA.sock', 'unlock1.at']) {
      assert.equal(await squat(name), `bound ${name}`);
    }
    const [own, ...more] = unlockSockets(run);
    assert.ok(own !== undefined && ![OLD, NEW].some((name) => own.endsWith(name)));
    assert.deepEqual(more, []);
    const wrong = join(product.data, '..', 'wrong');
    writeFileSync(wrong, 'another passphrase\n', { mode: 0o600 });
    assert.match((await unlock(wrong)).err, /wrong passphrase/);
    const active = product.until(({ instances }) => instances['dev']?.activation === 'Active');
    assert.equal((await unlock()).code, 0);
    await active;
    assert.deepEqual(await asked(), []);
  });

  test('gets nothing secret even where the way to it is forged', async () => {
    await done('instance', 'stop', 'dev');
    await done('instance', 'start', 'dev');
    const note = join(run, 'unlock0.at');
    const genuine = readFileSync(note, 'utf8');
    assert.equal(await squat('unlock0-CCCCCCCCCCCC.sock'), 'bound unlock0-CCCCCCCCCCCC.sock');
    writeFileSync(note, 'unlock0-CCCCCCCCCCCC.sock');
    const refused = await unlock();
    assert.deepEqual(
      [refused.code, /is not the module of .*, and nothing secret was sent/.test(refused.err)],
      [1, true],
    );
    const written = join(product.data, '..', 'unlock.cer');
    assert.notEqual((await strongroom('unlock', 'dev', '--certificate', written)).code, 0);
    const questions = await asked();
    assert.ok(questions.includes('asked certificate'));
    assert.ok(!questions.includes('asked unlock'));
    writeFileSync(note, genuine);
    assert.equal((await unlock()).code, 0);
  });
});
