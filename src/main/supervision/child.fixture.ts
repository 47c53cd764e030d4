// A stand-in for a child of the supervisor, for tests: its first argument says how it behaves.
import { writeSync } from 'node:fs';
import { openSupervisorLink } from './child-link.ts';
import { done, frontToken, instanceUpdated, namesChanged, ready } from './messages.ts';

const [, , behaviour = ''] = process.argv;

if (behaviour === 'dies') process.exitCode = 3;
else if (behaviour === 'talks-nonsense') {
  writeSync(3, Buffer.from('ffffffffff', 'hex'));
  setInterval(() => {}, 1000);
} else {
  await using link = openSupervisorLink();
  link.on(frontToken, () => undefined);
  link.on(instanceUpdated, (_values, id) => link.send(done, {}, id));
  link.on(namesChanged, (_values, id) => link.send(done, {}, id));
  process.stdout.write(`${JSON.stringify({ env: Object.keys(process.env).sort(), cwd: process.cwd() })}\n`);
  if (behaviour !== 'never-ready') link.send(ready, { port: 4242, modulePids: [process.pid] });
  if (behaviour === 'does-not-stop') {
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1000);
  }
  await link.closed;
}
