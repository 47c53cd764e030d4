// `strongroom audit verify`: proves, offline and from files alone, that the log is whole, or says where it is not.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption } from '../../command.ts';
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
nothing proves how many entries there were: no checkpoint, or none for those of more than the last moments.`,
  options: {
    ...logOptions,
    checkpoint: {
      type: 'string',
      placeholder: 'FILE',
      multiple: true,
      description: 'a checkpoint kept from earlier; may be given several times',
    },
    key: {
      type: 'string',
      placeholder: 'KEY',
      description: 'the key that must have signed: NAME+HASH+KEY, or the bare log key',
    },
    ...jsonOption,
  },
  examples: [
    'strongroom audit verify',
    'strongroom audit verify --management --key="$MANAGEMENT_VKEY"',
    'strongroom audit verify --log /mnt/copy/audit --checkpoint 2026-11-25.checkpoint --key="$VKEY"',
  ],
  async run(values, _operands, terminal) {
    const { verifyLog } = await import('../../../features/audit/verify/verify-log.ts');
    const { verificationText } = await import('../../../features/audit/verify/verification-text.ts');
    const { readVerifierKey } = await import('../../../features/audit/verify/verifier-key.ts');
    const { NoteError } = await import('../../../formats/signed-note.ts');
    const folder = logFolder(values);
    const saved = values.checkpoint.map((name) => ({ name, text: readSaved(name) }));
    const { parseCheckpoint } = await import('../../../formats/tlog-checkpoint.ts');
    const originOf = (text: string): string | undefined => {
      try {
        return parseCheckpoint(text).checkpoint.origin;
      } catch (error) {
        if (error instanceof NoteError) return undefined; // reported with what else is wrong
        throw error;
      }
    };
    // Mostly the wrong file was named: comparing it with this log would only call a whole log damaged.
    const own = ownOrigin(folder, originOf);
    for (const { name, text } of saved) {
      const origin = originOf(text);
      if (own === undefined || origin === undefined || origin === own) continue;
      throw new CommandError(`${name} is a checkpoint of another log (${origin}); this one is ${own}`);
    }
    const keyOf = (text: string): ReturnType<typeof readVerifierKey> => {
      try {
        return readVerifierKey(
          text,
          own ?? saved.map(({ text: each }) => originOf(each)).find((each) => each !== undefined),
        );
      } catch (error) {
        if (error instanceof NoteError) throw new CommandError(`--key: ${error.message}`);
        throw error;
      }
    };
    // Without a checkpoint there is nothing that it could have signed, and that is what the answer says then.
    const isAnySigned = saved.length > 0 || existsSync(join(folder, 'checkpoint'));
    const verifier = values.key === undefined || !isAnySigned ? undefined : keyOf(values.key);
    const result = verifyLog({ folder, saved, ...(verifier === undefined ? {} : { verifier }) });
    if (values.json) terminal.out(printableJson({ ...result, root: result.root.toString('base64') }));
    else terminal.out(verificationText(folder, result));
    if (result.damageCount > 0) return 1;
    return result.proof.state === 'all' || result.proof.state === 'tail-unsigned' ? 0 : NOT_PROVEN;
  },
});

function ownOrigin(folder: string, originOf: (text: string) => string | undefined): string | undefined {
  const path = join(folder, 'checkpoint');
  return existsSync(path) ? originOf(readFileSync(path, 'utf8')) : undefined;
}

function readSaved(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`the checkpoint ${path} cannot be read`, { cause: error });
  }
}
