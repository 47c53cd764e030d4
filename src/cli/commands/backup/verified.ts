// What is proven of one backup, whichever way its place is reached.
import type { BackupStorage } from '../../../features/backup/storage/port.ts';
import { type Signer, verifyBackup } from '../../../tools/backup/verify/verify-backup.ts';
import type { Terminal } from '../../command.ts';
import { textOf } from './texts.ts';

export async function verifiedFolder(
  shelf: BackupStorage,
  folder: string,
  signer: Signer | undefined,
  terminal: Pick<Terminal, 'err'>,
) {
  const verified = await verifyBackup(shelf, folder, signer, progressTo(terminal.err));
  const { manifest, faults } = verified;
  const [whole, anchored] = [faults.length === 0, signer !== undefined];
  const json = { whole, anchored, faults, manifest };
  return { whole, answer: { json, text: textOf(verified, anchored), exit: whole ? 0 : 1 } };
}

/** Seldom enough for a log, often enough for a person. */
function progressTo(say: (text: string) => void): (done: number, of: number) => void {
  let told = performance.now();
  return (done, of) => {
    if (performance.now() - told < 2000) return;
    told = performance.now();
    say(`${done} of ${of} parts are checked\n`);
  };
}
