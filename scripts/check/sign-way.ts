// Which files a `sign` passes through in the service: everything of `src/` that runs between the arrival of the request and its
// answer, as the engine counts it on a real instance. Prints one path a line. Module and recorder are processes of their own.
import { randomUUID } from 'node:crypto';
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startRunningInstance } from '../../test/support/running-instance.ts';

const SOURCE = pathToFileURL(join(import.meta.dirname, '../../src/')).href;

await using instance = await startRunningInstance();
await instance.activate();
const user = randomUUID();
await instance.assign('Managed HSM Crypto User', user);
const token = await instance.issuer.token(user);
await instance.ask('POST', '/keys/k/create?api-version=7.6', { token, body: { kty: 'EC-HSM', crv: 'P-256' } });
const sign = async (): Promise<void> => {
  const body = { alg: 'ES256', value: Buffer.alloc(32, 1).toString('base64url') };
  const { status, text } = await instance.ask('POST', '/keys/k/sign?api-version=7.6', { token, body });
  if (status !== 200) throw new Error(`the sign was answered ${status}: ${text}`);
};
// Once before: what is only done at first (opening the key, connecting) is on nobody's daily way.
await sign();

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
// What runs beside a request by itself, as timers do, is not in all of them; nor what is done again after some time, which the sign
// before has done.
let way: ReadonlySet<string> | undefined;
for (let round = 0; round < 20; round++) {
  await sign();
  await session.post('Profiler.takePreciseCoverage');
  await sign();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = new Set(result.filter(hasRun).map(({ url }) => `src/${url.slice(SOURCE.length)}`));
  way = way === undefined ? ran : way.intersection(ran);
}
session.disconnect();
process.stdout.write(`${[...(way ?? [])].sort().join('\n')}\n`);

function hasRun({ url, functions }: Profiler.ScriptCoverage): boolean {
  return url.startsWith(SOURCE) && functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
}
