// `strongroom audit verify`, for a log's folder wherever it lies, and for a checkpoint alone: files, keys and nothing else.
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { verificationText } from '../../../tools/audit/verify/verification-text.ts';
import { readVerifierKey } from '../../../tools/audit/verify/verifier-key.ts';
import { verifyLog } from '../../../tools/audit/verify/verify-log.ts';
import { vouched } from '../../../tools/audit/verify/vouched.ts';
import { type Answer, CommandError, command, jsonOption, type OptionValues } from '../../command.ts';
import { explained } from '../../explained.ts';
import { labelled } from '../../show.ts';
import { readOwnCheckpoint, readSavedCheckpoints, requireOf } from './checkpoints.ts';

/** The exit code for a log that may be whole, and for a checkpoint that may be anybody's. */
const NOT_PROVEN = 3;

export const checkOptions = {
  'checkpoint FILE...': 'a checkpoint kept from earlier; may be given several times',
  'key KEY': 'the key that must have signed: NAME+HASH+KEY, or the bare log key',
  'witness KEY...': 'the key of a witness that must have cosigned a checkpoint given; may be given several times',
  ...jsonOption,
} as const;

export const verifyWords = {
  name: 'audit verify',
  summary: 'prove that the audit log is whole, or say where it is not',
  details: `
Reads every entry and every hash, needs neither the service nor the HSM, and changes nothing. Without a checkpoint that
was kept elsewhere it cannot know of entries cut off together with the newest checkpoint; without --key it cannot know
who signed. The exit code is 0 when the log is whole, 1 when it is not, and 3 when nothing is wrong with what is there but
nothing proves how many entries there were: no checkpoint, or none for those of more than the last moments.
A checkpoint may have other line ends, empty lines around it and a common indent. One that still does not read or is of
another log, and a key that has not signed, are named as that on standard error, with 1 and nothing said of the log.
With --witness it says which witness vouches for how many entries and since when; a log that is shorter than, or differs
from, what a witness has cosigned is DAMAGED.`,
  examples: [
    'strongroom audit verify --log /mnt/copy/audit --checkpoint 2026-11-25.checkpoint --key="$VKEY"',
    'strongroom audit verify --log /mnt/copy/audit --checkpoint cosigned.checkpoint --witness "$WITNESS_KEY"',
  ],
};

export function verifyFolder(folder: string, values: OptionValues<typeof checkOptions>): Answer {
  const { key, witness: keys } = values;
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
    key === undefined || !isAnySigned
      ? undefined
      : explained(() => readVerifierKey(key, own.origin ?? saved[0]?.origin), { NoteError: '--key: ' });
  if (verifier !== undefined) requireOf(verifier, own, saved);
  const witnesses = explained(() => vouched(saved, keys), { NoteError: '--witness: ' });
  const result = verifyLog({ folder, saved, ...(verifier === undefined ? {} : { verifier }) });
  const isProven = result.proof.state === 'all' || result.proof.state === 'tail-unsigned';
  return {
    json: { ...result, witnesses, root: result.root.toString('base64') },
    text: verificationText(folder, result, witnesses),
    exit: result.damageCount > 0 ? 1 : isProven ? 0 : NOT_PROVEN,
  };
}

export const verifyCheckpoint = command({
  name: 'audit checkpoint verify',
  summary: 'check who has signed and cosigned a checkpoint, without its log',
  operands: 'FILE',
  wants: 'name one checkpoint',
  details: `
Says of which log it is, how many entries it commits to, and whether the key has signed it and the witnesses have cosigned it.
Whether the log still holds what it says, 'audit verify --checkpoint FILE' tells. The exit code is 0 when everything that was
asked for is signed, 1 when not, and 3 without --key: then nothing says whose it is.`,
  options: {
    'key KEY': checkOptions['key KEY'],
    'witness KEY...': 'the key of a witness that must have cosigned it; may be given several times',
    ...jsonOption,
  },
  examples: ['strongroom audit checkpoint verify 2026-11-25.checkpoint --key="$VKEY" --witness "$WITNESS_KEY"'],
  run({ key, witness }, [file]) {
    const saved = readSavedCheckpoints([file]);
    const [{ text, origin }] = saved as [(typeof saved)[number]];
    const { size, root } = parseCheckpoint(text).checkpoint;
    if (key !== undefined) {
      const verifier = explained(() => readVerifierKey(key, origin), { NoteError: '--key: ' });
      requireOf(verifier, { text: undefined, origin: undefined }, saved);
    }
    const witnesses = explained(() => vouched(saved, witness), { NoteError: '--witness: ' });
    const hash = Buffer.from(root).toString('base64');
    const rows = [
      ['log', origin],
      ['entries', String(size)],
      ['root', hash],
      ['signed', key === undefined ? 'NOT CHECKED: give the key that must have signed (--key)' : 'by the key given'],
      ...witnesses.map((each) => ['cosigned', `by ${each.witness} at ${each.at}`] as const),
    ] as const;
    return {
      json: { origin, size, root: hash, signed: key !== undefined, witnesses },
      text: labelled(rows, 10),
      exit: key === undefined ? NOT_PROVEN : 0,
    };
  },
});
