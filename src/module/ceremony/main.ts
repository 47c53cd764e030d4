// The ceremony module: a process that is started for one ceremony, with the same confinement as a partition, and ends when it
// has answered. Arguments: as of a partition, the file of the seal's passphrase (`--passphrase-file=`), and
// `--may-change-seal` for the command that does that.
import { messages } from '../../crypto/protocol/messages.ts';
import type { Frame } from '../../formats/frames.ts';
import { runModule } from '../run-module.ts';
import { CeremonyModule } from './ceremony-module.ts';
import { dispatchCeremony } from './handlers.ts';
import { passphraseSource } from './passphrase-seal.ts';

/** What comes before a ceremony, and attempts to unlock, which may be repeated; everything else is the last answer. */
const GOES_ON: ReadonlySet<number> = new Set(
  (
    [
      'hello',
      'noteState',
      'showSeal',
      'unlockKey',
      'unlock',
      'unlockFromFile',
      'recipientKey',
      'handOver',
      'takeOver',
    ] as const
  ).map((name) => messages[name].code),
);

await runModule((folder, valuesOf) => ({
  async open(now) {
    // It may have been begun early: it reads nothing before it is asked, nor if it never is.
    await new Promise((resolve) => process.stdin.once('readable', resolve));
    if (process.stdin.readableLength === 0) process.exit();
    return new CeremonyModule({
      folder,
      now,
      passphraseSource: passphraseSource(valuesOf('--passphrase-file=')[0]),
      mayChangeSeal: process.argv.includes('--may-change-seal'),
    });
  },
  async dispatch(module: CeremonyModule, frame: Frame) {
    const reply = await dispatchCeremony(module, frame);
    // After this answer has left.
    if (!GOES_ON.has(frame.kind)) setImmediate(() => process.stdin.destroy());
    return reply;
  },
}));
