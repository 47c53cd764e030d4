import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { findLoopbackCaller, socketIn } from './loopback-caller.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (state: string, uid: number, inode: number): string =>
  `   1: 0100007F:C001 0100007F:1F90 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;
const find = (...rows: readonly string[]) => socketIn([HEAD, ...rows, ''].join('\n'), '0100007F:C001', '0100007F:1F90');

test('the user of an established connection is read from its row alone', () => {
  assert.deepEqual(find(row('01', 1000, 77)), { uid: 1000, inode: '77' });
  assert.equal(find(), undefined);
  assert.equal(find(row('01', 1000, 77).replace('C001', 'C002')), undefined);
  assert.equal(find(row('01', 1000, 77).replace('1F90', '1F91')), undefined);
});

test('a connection that its process has closed is nobody, not root', () => {
  for (const state of ['02', '03', '04', '05', '06', '07', '08', '09', '0A', '0B']) {
    assert.equal(find(row(state, 0, 0)), undefined, state);
    assert.equal(find(row(state, 1000, 77)), undefined, state);
  }
  assert.equal(find(row('01', 0, 0)), undefined);
});

test('rows that are cut before the end of what is read, or malformed, are nobody', () => {
  const text = row('01', 1000, 77);
  for (let length = 0; length < text.indexOf(' 77 '); length += 1) {
    assert.equal(find(text.slice(0, length)), undefined, String(length));
  }
  for (const uid of ['-1', 'root', '0x0']) assert.equal(find(text.replace(' 1000 ', ` ${uid} `)), undefined, uid);
});

test('a real connection, by IPv4 and by an IPv6 socket, is of this process and its program', {
  skip: process.platform !== 'linux' && 'only Linux has /proc/net/tcp',
}, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const uid = process.getuid?.();
  for (const host of ['127.0.0.1', '::ffff:127.0.0.1']) {
    const socket = connect({ host, port });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const caller = { address: accepted.remoteAddress ?? '', port: accepted.remotePort ?? 0 };
    const own = { address: '127.0.0.1', port };
    assert.deepEqual(await findLoopbackCaller(caller, own, false), { uid });
    assert.deepEqual(await findLoopbackCaller(caller, own, true), { uid, executables: [process.execPath] });
    assert.equal(await findLoopbackCaller({ ...caller, address: '127.0.0.2' }, own, false), undefined);
    for (const address of ['', '::1', '127.0.0', '127.0.0.256', '127.0.0.1.1', 'localhost']) {
      assert.equal(await findLoopbackCaller({ ...caller, address }, own, false), undefined, address);
    }
    socket.destroy();
    accepted.destroy();
    await once(accepted, 'close');
    assert.equal(await findLoopbackCaller(caller, own, true), undefined);
  }
  server.close();
});
