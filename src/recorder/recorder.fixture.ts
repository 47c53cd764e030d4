// What the audit tests share: a signer such as the module has, entries, and a recorder as its own process.
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVkey, noteKeyHash } from '../formats/signed-note.ts';
import { checkpointBody, formatNote } from '../formats/written-log.fixture.ts';

export const ORIGIN = 'strongroom/test';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
export const VKEY: string = formatVkey(ORIGIN, raw);

export function signCheckpoint(size: number, root: Uint8Array): Promise<string> {
  const body = checkpointBody(ORIGIN, size, root);
  const signature = sign(null, Buffer.from(body), privateKey);
  return Promise.resolve(formatNote(body, [{ name: ORIGIN, keyHash: noteKeyHash(ORIGIN, raw), signature }]));
}

/** Places of one log, removed when the test is done with it. */
export interface Place extends Disposable {
  readonly folder: string;
  readonly socketPath: string;
}

export function makePlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'audit-'));
  return {
    folder: join(root, 'audit'),
    socketPath: join(root, 'recorder.sock'),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function entryText(worker: string, number: number, filler = 0): string {
  return JSON.stringify({ operationName: 'KeySign', correlationId: `${worker}:${number}`, filler: 'x'.repeat(filler) });
}

export function numberOf(text: string): { worker: string; number: number } {
  const [worker, number] = (JSON.parse(text) as { correlationId: string }).correlationId.split(':') as [string, string];
  return { worker, number: Number(number) };
}

export interface RecorderProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Its standard error so far. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const MAIN = join(import.meta.dirname, './main.ts');

export function spawnRecorder({ folder, socketPath }: Place): RecorderProcess {
  const child = spawn(process.execPath, [MAIN, '--folder', folder, '--socket', socketPath, '--origin', ORIGIN], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(child, 'close');
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { child, output: () => output, kill, [Symbol.asyncDispose]: () => kill('SIGKILL') };
}

/** Sends bytes to the recorder's socket and resolves when it has closed the connection. */
export async function sendGarbage(socketPath: string, bytes: Uint8Array): Promise<void> {
  const socket = connect(socketPath);
  socket.on('error', () => {
    // The recorder may close before all of it is written.
  });
  socket.resume();
  socket.write(bytes);
  await new Promise((resolve) => {
    socket.on('close', resolve);
  });
}
