import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { receiveNotices } from '../../../test/support/notify-receiver.ts';
import { skipUnless } from '../../../test/system-programs.ts';
import { openServiceManager, statusLine } from './service-manager.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-notify-'));
after(() => rmSync(folder, { recursive: true }));
const needsPython = { skip: skipUnless('python3') };

const active = (port: number) => ({ activation: 'Active', message: '', port });

for (const [kind, name] of [
  ['a path', join(folder, 'notify')],
  ['an abstract name', `@strongroom-test-${process.pid}`],
] as const) {
  test(`through ${kind} it hears what is so, once for each change, and that the loop turns`, needsPython, async () => {
    await using systemd = await receiveNotices(name);
    const environment: NodeJS.ProcessEnv = {
      NOTIFY_SOCKET: name,
      WATCHDOG_USEC: '20000',
      WATCHDOG_PID: String(process.pid),
      PATH: '/bin',
    };
    using manager = await openServiceManager(environment, assert.fail);
    assert.deepEqual(environment, { PATH: '/bin' }, 'nobody else is told of it');
    const heard = async (wanted: string): Promise<void> => {
      let found = await systemd.next();
      while (found === 'WATCHDOG=1') found = await systemd.next();
      assert.equal(found, wanted);
    };
    manager.fares({ instances: { dev: active(0) } });
    await heard('STATUS=0 of 1 instances serve; dev is down');
    manager.ready();
    await heard('READY=1');
    for (let times = 0; times < 2; times++) manager.fares({ instances: { dev: active(4242) } });
    await heard('STATUS=1 of 1 instances serve: dev');
    for (let times = 0; times < 3; times++) assert.equal(await systemd.next(), 'WATCHDOG=1');
    manager.stopping();
    await heard('STOPPING=1');
  });
}

test('what nobody took is told again, all of it, when somebody listens', needsPython, async () => {
  const name = join(folder, 'late');
  const told: string[] = [];
  using manager = await openServiceManager({ NOTIFY_SOCKET: name }, (text) => told.push(text));
  manager.ready();
  manager.fares({ instances: {} });
  assert.deepEqual(told, ['systemd does not take what it is told; it is told again']);
  await using systemd = await receiveNotices(name);
  assert.equal(await systemd.next(), 'READY=1\nSTATUS=there is no instance');
});

test('the watchdog of another process is not fed', needsPython, async (context) => {
  const name = join(folder, 'other');
  await using systemd = await receiveNotices(name);
  context.mock.timers.enable({ apis: ['setInterval'] });
  const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '4000', WATCHDOG_PID: '1' };
  using manager = await openServiceManager(environment, assert.fail);
  context.mock.timers.tick(1000);
  manager.ready();
  assert.equal(await systemd.next(), 'READY=1');
});

test('without a socket, or with something else, nothing is told and nothing fails', async () => {
  const told: string[] = [];
  const report = (text: string): void => void told.push(text);
  for (const name of [undefined, '']) {
    using manager = await openServiceManager({ NOTIFY_SOCKET: name, WATCHDOG_USEC: '1000' }, report);
    manager.ready();
    manager.stopping();
  }
  assert.deepEqual(told, []);
  for (const name of ['vsock:2:1234', '@', 'relative', `/${'x'.repeat(108)}`]) {
    using _ = await openServiceManager({ NOTIFY_SOCKET: name }, report);
    assert.equal(told.pop(), 'systemd is told nothing (NOTIFY_SOCKET): it names no Unix socket', name);
  }
});

test('the status line says who serves and why others do not, and stays one line', () => {
  const locked = { activation: 'Locked', message: 'root keys …', port: 4243 };
  assert.equal(
    statusLine({ dev: active(4242), east: locked, west: active(0) }),
    '1 of 3 instances serve: dev; east is Locked; west is down',
  );
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`instance-${at}`, active(1)]));
  assert.ok(statusLine(many).length <= 400);
});
