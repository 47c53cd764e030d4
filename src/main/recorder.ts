// The recorder process: keeps one instance's audit log on this node. Knows no tokens and no keys; its arguments say where
// its files and its socket are. Ends at SIGTERM, or when the supervisor that holds descriptor 3 has gone.
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { startRecorder } from '../features/audit/recorder/start-recorder.ts';
import { encodeFrame } from '../formats/frames.ts';
import { ready } from './supervision/messages.ts';

const SUPERVISOR = 3;

const { values } = parseArgs({
  options: { folder: { type: 'string' }, socket: { type: 'string' }, origin: { type: 'string' } },
});
const { folder, socket: socketPath, origin } = values;
if (folder === undefined || socketPath === undefined || origin === undefined) {
  throw new Error('usage: recorder --folder DIR --socket PATH --origin NAME');
}

// The terminal's Ctrl-C reaches the whole group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});
const stop = Promise.withResolvers<void>();
process.on('SIGTERM', () => stop.resolve());
const supervisor = connectSupervisor();
supervisor?.on('error', () => stop.resolve());
supervisor?.on('close', () => stop.resolve());
supervisor?.resume();

const report = (sentence: string): void => {
  process.stderr.write(`recorder: ${sentence}\n`);
};
try {
  await using _recorder = await startRecorder({ folder, socketPath, origin, report });
  supervisor?.write(encodeFrame(0, ready.code, ready.fields.encode({ port: 0, modulePids: [] })));
  await stop.promise;
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
supervisor?.destroy();

function connectSupervisor(): Socket | undefined {
  try {
    return fstatSync(SUPERVISOR).isSocket() ? new Socket({ fd: SUPERVISOR }) : undefined;
  } catch {
    // Started by hand: there is no such descriptor.
    return undefined;
  }
}
