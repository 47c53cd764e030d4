// `strongroom audit verify`: proves, offline and from files alone, that the log is whole, or says where it is not.

import { printableJson } from '../../../formats/printable.ts';
import { verificationText } from '../../../tools/audit/verify/verification-text.ts';
import { readVerifierKey } from '../../../tools/audit/verify/verifier-key.ts';
import { verifyLog } from '../../../tools/audit/verify/verify-log.ts';
import { CommandError, command, jsonOption } from '../../command.ts';
import { inWords, readOwnCheckpoint, readSavedCheckpoints, requireOf } from './checkpoints.ts';
import { logFolder, logOptions } from './log-folder.ts';

/** The exit code for a log that may be whole. */
const NOT_PROVEN = 3;

export const verify = command({
  name: 'audit verify',
  summary: 'prove that the audit log is whole, or say where it is not',
  operands: '',
  details: `
Reads every entry and every hash, needs neither the service nor the HSM, and changes nothing. Without a checkpoint that
was kept elsewhere it cannot know of entries cut off together with the newest checkpoint; without --key it cannot know
who signed. The exit code is 0 when the log is whole, 1 when it is not, and 3 when nothing is wrong with what is there but
nothing proves how many entries there were: no checkpoint, or none for those of more than the last moments.
A checkpoint may have other line ends, empty lines around it and a common indent. One that still does not read or is of
another log, and a key that has not signed, are named as that on standard error, with 1 and nothing said of the log.`,
  options: {
    ...logOptions,
    'checkpoint FILE...': 'a checkpoint kept from earlier; may be given several times',
    'key KEY': 'the key that must have signed: NAME+HASH+KEY, or the bare log key',
    ...jsonOption,
  },
  examples: [
    'strongroom audit verify',
    'strongroom audit verify --management --key="$MANAGEMENT_VKEY"',
    'strongroom audit verify --log /mnt/copy/audit --checkpoint 2026-11-25.checkpoint --key="$VKEY"',
  ],
  async run(values, _operands, terminal) {
    const folder = logFolder(values);
    const saved = readSavedCheckpoints(values.checkpoint);
    const own = readOwnCheckpoint(folder);
    // Mostly the wrong file was named: comparing it with this log would only call a whole log damaged.
    for (const { name, origin } of saved) {
      if (own.origin === undefined || origin === own.origin) continue;
      throw new CommandError(`${name} is a checkpoint of another log (${origin}); this one is ${own.origin}`);
    }
    // Without a checkpoint there is nothing that it could have signed, and that is what the answer says then.
    const isAnySigned = saved.length > 0 || own.text !== undefined;
    const verifier =
      values.key === undefined || !isAnySigned
        ? undefined
        : inWords('--key', () => readVerifierKey(values.key ?? '', own.origin ?? saved[0]?.origin));
    if (verifier !== undefined) requireOf(verifier, own, saved);
    const result = verifyLog({ folder, saved, ...(verifier === undefined ? {} : { verifier }) });
    if (values.json) terminal.out(printableJson({ ...result, root: result.root.toString('base64') }));
    else terminal.out(verificationText(folder, result));
    if (result.damageCount > 0) return 1;
    return result.proof.state === 'all' || result.proof.state === 'tail-unsigned' ? 0 : NOT_PROVEN;
  },
});
