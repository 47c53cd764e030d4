// `strongroom backup verify`: proves, without any service, that a full backup is whole and of which security domain.

import { domainFingerprint, groupFingerprint } from '../../../formats/domain-identity.ts';
import { printableJson, printableLine } from '../../../formats/printable.ts';
import type { Verified } from '../../../tools/backup/verify/verify-backup.ts';
import { verifyBackup } from '../../../tools/backup/verify/verify-backup.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { counted } from '../../counted.ts';
import { countedKeys } from '../../rehearsal/recovery-steps.ts';
import { chooseBackup } from './choose-backup.ts';
import { namedUri, openPlace, ownPlace } from './place.ts';
import { placeOptions } from './place-options.ts';
import { readSigner } from './read-signer.ts';
import { saying } from './refusals.ts';
import { checkCall, type TrialOutcome, trialOf, trialOptions, tryBackup } from './trial.ts';

export const verify = command({
  name: 'backup verify',
  summary: 'prove that a full backup is whole, without any service',
  operands: '[DIR|URI]',
  details: `
DIR or URI is the folder of one backup, as 'backup start' printed it, or a place: then the latest finished backup there, by the
time in its name. Without an operand: the latest in the folder 'backups' of the data directory, where the name of a backup
alone is looked for, too. Checks the domain's signature
on the manifest, then size and hash of every part, that none is missing and none too many; every fault is named. It opens
nothing: what is in the parts stays sealed. Without --key it cannot know whose backup it is: compare the fingerprint that it
prints with the one that you know. --trial goes further: it recovers a throw-away instance with a quorum and restores the
backup there.
The exit code is 0 when everything holds.`,
  options: {
    'key KEY': 'fingerprint or key of the security domain that must have signed it',
    ...placeOptions,
    ...trialOptions,
    ...jsonOption,
  },
  examples: [
    'strongroom backup verify',
    'strongroom backup verify data/backups/mhsm-dev-2026080910111200',
    "strongroom backup verify https://acme.blob.core.windows.net/hsm/mhsm-dev-2026080910111200 --sas-file sas --key '1a2b …'",
    'strongroom backup verify data/backups/mhsm-dev-2026080910111200 --trial --domain sd.json \\\n' +
      '    --custodian anna.pem --custodian boris.pem --samples samples.json',
  ],
  async run(values, [target, spare], terminal) {
    if (spare !== undefined) throw new UsageError('name one backup, or one place');
    const signer = values.key === undefined ? undefined : readSigner(values.key);
    const trial = await trialOf(values);
    if (trial !== undefined) await checkCall(trial);
    const uri = target === undefined ? ownPlace(values.data) : namedUri(target, values.data);
    const backup = await chooseBackup(uri, values, terminal);
    const verified = await saying(async () => {
      await using shelf = await openPlace(backup.place);
      return await verifyBackup(shelf, backup.folder, signer, progressTo(terminal.err));
    });
    const { manifest, faults } = verified;
    const whole = faults.length === 0;
    const tried = trial === undefined || !whole ? undefined : await tryBackup(backup, trial, terminal);
    const answer = {
      whole,
      anchored: signer !== undefined,
      faults,
      manifest,
      ...(tried === undefined ? {} : { trial: tried }),
    };
    terminal.out(values.json ? printableJson(answer) : textOf(verified, signer !== undefined) + trialText(tried));
    return whole && (tried === undefined || tried.passed === true) ? 0 : 1;
  },
});

/** Seldom enough for a log, often enough for a person. */
function progressTo(say: (text: string) => void): (done: number, of: number) => void {
  let told = performance.now();
  return (done, of) => {
    if (performance.now() - told < 2000) return;
    told = performance.now();
    say(`${done} of ${of} parts are checked\n`);
  };
}

export function textOf({ manifest, faults }: Verified, anchored: boolean): string {
  const fingerprint = groupFingerprint(domainFingerprint(Buffer.from(manifest.domainKey, 'base64url')));
  const { keys, versions, records } = manifest.counts;
  const rows = [
    ['backup', manifest.folder],
    ['of', `${manifest.instance.name} (${manifest.instance.id})`],
    ['domain', `${fingerprint}${anchored ? ' (the one given)' : ' (compare it; --key does)'}`],
    ['made', `${manifest.started} to ${manifest.finished}`],
    [
      'holds',
      `${counted(keys, 'key')} with ${counted(versions, 'version')}, ${counted(records, 'other record')}, ${counted(manifest.parts.length, 'part')}`,
    ],
  ] as const;
  const bad = faults.map(({ file, what }) => `  ${printableLine(`${file} ${what}`)}\n`).join('');
  const verdict =
    bad === '' ? 'The backup is whole.\n' : `The backup is NOT whole; use another one, or a copy of it:\n${bad}`;
  return verdict + rows.map(([name, value]) => `  ${name.padEnd(9)}${printableLine(value)}\n`).join('');
}

function trialText(tried: TrialOutcome | undefined): string {
  if (tried === undefined) return '';
  const { passed, keys, deletedKeys, used, problem, next } = tried;
  if (passed === null) return `The trial could not be done: ${problem}\n`;
  if (!passed) return `The trial FAILED\n  at fault ${problem}\n  next     ${next}\n`;
  const answered = used === 0 ? '' : `, ${used} of them answered as known`;
  return `The trial passed: ${countedKeys(keys, deletedKeys)} came back in a throw-away instance${answered}\n`;
}
