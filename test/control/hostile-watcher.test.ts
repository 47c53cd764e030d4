// A watcher in the hands of an attacker, started exactly as the real one beside a product that serves: it speaks to the network, so
// whoever sends it something may get in there. It reads logs, and its own folder is all that it writes.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { places } from '../../src/deployment/data-layout.ts';
import { watcherProgram } from '../../src/supervisor/watcher-process.ts';
import { verifyLog } from '../../src/tools/audit/verify/verify-log.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { attempted, READS } from './hostile-targets.ts';

const FIXTURE = fileURLToPath(new URL('hostile-watcher.fixture.ts', import.meta.url));

describe('a watcher in the hands of an attacker', () => {
  let product: RunningProduct;
  let report: Readonly<Record<string, string>>;
  let isReadable: (path: string) => boolean;

  before(async () => {
    product = await startProduct();
    const at = places(product.data);
    const dev = at.instance('dev');
    const readable = [dev.audit, at.management.audit, at.purged];
    const single = [dev.config, dev.tlsCertificate, at.controlCertificate, at.management.verifierKey];
    isReadable = (path) =>
      single.includes(path) || readable.some((folder) => path === folder || path.startsWith(`${folder}/`));
    const program = watcherProgram({ places: at, profile: 'dev', config: {} }, { names: ['dev'] }, FIXTURE);
    const below = [dev.audit, at.management.audit, dev.store, dev.module, at.management.module, at.control, at.ca];
    const files = [
      ...below.flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))]),
      ...[dev.root, join(dev.root, 'run'), dev.config, dev.tlsCertificate, dev.tlsKey, at.instances, at.custodians],
      ...[at.management.verifierKey, join(product.data, 'logs'), '/etc/passwd', '/tmp'],
    ];
    const { pids: all } = product.state;
    const pids = [all.supervisor, ...(all.instances['dev']?.service ?? []), ...(all.instances['dev']?.module ?? [])];
    const targets = { files, folders: [join(dev.root, 'run'), join(at.management.root, 'run')], pids };
    report = await attempted(program, at.watch, targets);
  });
  after(() => product[Symbol.asyncDispose]());

  test('reads logs and what says which there are, and gets at no other file, process, thread, native code or debugger', () => {
    const got = Object.entries(report).filter(([, outcome]) => outcome === 'done');
    const beyond = got.filter(([what]) => !READS.test(what) || !isReadable(what.replace(READS, '')));
    assert.deepEqual(beyond, []);
    assert.ok(got.length > 20, 'it does read what it is there for');
    assert.ok(Object.keys(report).length > 400, 'it tried');
  });

  test('finds no socket of a recorder or a worker by its name', () => {
    const sockets = Object.entries(report).filter(([what]) => what.startsWith('socket'));
    assert.ok(sockets.length > 0);
    assert.deepEqual(
      sockets.filter(([, outcome]) => outcome === 'done'),
      [],
    );
  });

  test('the product goes on, and its log is whole', async () => {
    assert.equal(product.state.instances['dev']?.activation, 'Active');
    assert.equal(await product.stop(), 0);
    const at = places(product.data);
    for (const folder of [at.instance('dev').audit, at.management.audit]) {
      assert.equal(verifyLog({ folder }).damageCount, 0, folder);
    }
  });
});
