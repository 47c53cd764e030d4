// The recorder process: keeps one audit log on this node, an instance's, or the management plane's, of which it starts the module
// that signs. Knows no tokens and no keys; its arguments say where its files and its socket are.
import { parseArgs } from 'node:util';
import { collectAtRest } from '../links/at-rest.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { ready } from '../links/messages.ts';
import { type RecorderOptions, startRecorder } from './start-recorder.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    socket: { type: 'string' },
    origin: { type: 'string' },
    module: { type: 'string' },
    'verifier-key': { type: 'string' },
  },
});
const { folder, socket: socketPath } = values;
if (folder === undefined || socketPath === undefined) throw usage();

// The terminal's Ctrl-C reaches the whole group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});
const stopped = Promise.withResolvers<void>();
// Whoever asks it to stop waits for the last checkpoint.
await using link = openSupervisorLink({ onStop: stopped.resolve });
const report = (sentence: string): void => {
  process.stderr.write(`recorder: ${sentence}\n`);
};
try {
  await using stack = new AsyncDisposableStack();
  stack.use(await startRecorder({ folder, socketPath, report, ...(await signing(stack, folder)) }));
  link.send(ready, { port: 0, modulePids: [] });
  collectAtRest();
  await Promise.race([link.closed, stopped.promise]);
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** The log's name, and who signs it if that is not for the workers to do. */
async function signing(
  stack: AsyncDisposableStack,
  audit: string,
): Promise<Pick<RecorderOptions, 'origin' | 'signer'>> {
  const { origin, module, 'verifier-key': verifierKey } = values;
  if (origin !== undefined) return { origin };
  if (module === undefined || verifierKey === undefined) throw usage();
  const { openOwnSigner } = await import('./own-signer.ts');
  const signer = stack.use(await openOwnSigner({ audit, module, verifierKey }));
  return { origin: signer.origin, signer };
}

function usage(): Error {
  return new Error('usage: recorder --folder DIR --socket PATH (--origin NAME | --module DIR --verifier-key FILE)');
}
