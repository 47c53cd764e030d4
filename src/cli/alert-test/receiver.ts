// Receivers of the test itself, on loopback: one that takes alerts where nobody is to be bothered, and for the logs one that is down and one
// that refuses an entry.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlertSettings } from '../../deployment/alert-settings.ts';
import { formatWitnessKey } from '../../formats/cosignature.ts';

/** An outlet that takes nothing, beside those of the operator, which are called otherwise. */
export const DOWN_OUTLET: string = `down-${randomBytes(8).toString('hex')}`;
const TAKES = new Set(['/takes', '/dislikes']);
/** In each log of an HSM that was activated. */
const DISLIKED = 'SecurityDomainBackup';

export async function openReceiver() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-alert-test-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const secretFile = join(folder, 'secret');
  await writeFile(secretFile, `whsec_${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const dislikes = request.url === '/dislikes' && Buffer.concat(pieces).includes(DISLIKED);
      response.writeHead(dislikes ? 400 : TAKES.has(request.url ?? '') ? 204 : 503).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.closeAllConnections());
  stack.defer(() => void server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hook = (name: string, path: string) => ({ kind: 'webhook', name, url: `${base}/${path}`, secretFile }) as const;
  const own: AlertSettings['outlets'] = [hook('test', 'takes')];
  const owned = stack.move();
  return {
    /** Instead of an operator's own outlets. */
    outlets: own,
    down: hook(DOWN_OUTLET, 'down'),
    /** Besides `alerts`, of the configuration: what sinks and witnesses must be for some rules to come true. */
    others: {
      sinks: [
        { kind: 'otlp', name: 'down', url: `${base}/down` },
        { kind: 'otlp', name: 'dislikes', url: `${base}/dislikes`, compression: 'none' },
      ],
      witnesses: [{ name: 'silent', url: `${base}/silent`, key: formatWitnessKey('silent.invalid', randomBytes(32)) }],
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
