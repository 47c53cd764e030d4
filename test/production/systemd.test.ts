// The product as a unit of systemd: what it is told on the way, and the unit itself as systemd reads it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { receiveNotices } from '../support/notify-receiver.ts';
import { CHECKOUT, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-unit-'));
after(() => rmSync(folder, { recursive: true }));

test('systemd hears that it serves, that it goes on, that it stops; none of its processes can tell it anything', {
  skip: skipUnless('python3'),
}, async () => {
  const name = join(folder, 'notify');
  await using systemd = await receiveNotices(name);
  const variables = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '200000' };
  await using product = await startProduct({ demo: false, inside: { flags: [], variables } });
  const until = async (wanted: RegExp): Promise<void> => {
    while (!wanted.test(await systemd.next()));
  };
  await until(/^READY=1$/m);
  await until(/^WATCHDOG=1$/);
  const { supervisor, control, managementRecorder } = product.state.pids;
  for (const pid of [control, managementRecorder]) {
    assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /NOTIFY_SOCKET|WATCHDOG/);
  }
  assert.notEqual(supervisor, control);
  assert.equal(await product.stop(), 0);
  await until(/^STOPPING=1$/m);
});

test('systemd reads the unit without a complaint, and finds it closed', { skip: skipUnless('systemd-analyze') }, () => {
  const unit = join(folder, 'strongroom.service');
  const text = readFileSync(join(CHECKOUT, 'ops/systemd/strongroom.service'), 'utf8');
  writeFileSync(unit, text.replaceAll('/opt/strongroom/', CHECKOUT));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  // Of 100: 0 could do nothing any more; most services have more than 90.
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=35', unit], {
    encoding: 'utf8',
  });
  assert.equal(judged.status, 0, judged.stdout);
});
