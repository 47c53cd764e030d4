// A stand-in for a child of the supervisor, for tests: its first argument says how it behaves. One that is started as a
// recorder or worker would be, with its folder, dies while there is a file `broken` in that, is locked while there is one `locked`,
// has clients for ever that do not leave while there is one `visited`,
// and says too much of everything while there is one `talkative`.
import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSupervisorLink } from '../links/child-link.ts';
import { activation, instanceUpdated, lead, namesChanged, retire } from '../links/instance-messages.ts';
import { frontToken, MAX_SUPERVISION_FRAME, ready } from '../links/messages.ts';
import { toldWhat } from '../links/worker-asked.ts';

const [, , behaviour = '', folder = ''] = process.argv;
const has = (file: string): boolean => folder !== '' && existsSync(join(folder, file));
const isBroken = (): boolean => has('broken');

if (behaviour === 'dies' || isBroken()) process.exitCode = 3;
else if (behaviour === 'talks-nonsense') {
  writeSync(3, Buffer.from('ffffffffff', 'hex'));
  setInterval(() => {}, 1000);
} else {
  await using link = openSupervisorLink();
  link.on(frontToken, () => undefined);
  // One that breaks while it runs takes nothing any more.
  link.answer(instanceUpdated, () => (isBroken() ? Promise.reject(new Error('it is broken')) : undefined));
  link.answer(namesChanged, () => undefined);
  link.answer(lead, () => undefined);
  link.answer(toldWhat, () => (has('talkative') ? 'x'.repeat(MAX_SUPERVISION_FRAME - 50) : 'figures'));
  link.answer(retire, () => (has('visited') ? new Promise(() => undefined) : undefined));
  process.stdout.write(
    `${JSON.stringify({ env: Object.keys(process.env).sort(), cwd: process.cwd(), args: process.argv.slice(2) })}\n`,
  );
  if (has('locked')) link.send(activation, { activation: 'Locked', message: 'Locked: nobody opened it' });
  if (has('talkative')) link.send(activation, { activation: 'NotActivated', message: 'x'.repeat(250_000) });
  const modulePids = Array.from({ length: has('talkative') ? 1024 : 1 }, () => process.pid);
  if (behaviour !== 'never-ready') link.send(ready, { port: 4242, modulePids });
  if (behaviour === 'does-not-stop') {
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1000);
  }
  await link.closed;
}
