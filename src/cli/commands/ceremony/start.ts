// A ceremony in its folder: begun, noted in, looked at. Going on in it is `next.ts`.
import { resolve } from 'node:path';
import { CEREMONY_KINDS, type CeremonyKind, isCeremonyKind } from '../../../formats/ceremony-kind.ts';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { Ceremony } from '../../../tools/ceremony/ceremony.ts';
import {
  note as addNote,
  exceptionsIn,
  isComplete,
  kinds,
  type StepStatus,
  stepsOf,
} from '../../../tools/ceremony/engine.ts';
import { readCeremony } from '../../../tools/ceremony/kept.ts';
import { afterTries, REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { folderOption, handOf, handOption, OF_FILES, withCeremony } from './open-folder.ts';

export const start = command({
  name: 'ceremony start',
  summary: 'begin a ceremony: activation, recovery or resharing',
  operands: 'KIND',
  details: `
Nothing is asked of the HSM yet. The folder keeps a journal that is only ever added to, and every file that comes in or goes
out with its hash; a ceremony goes on where it stopped, whatever stopped it. It never holds a private key.
  activation   certificates, fingerprints read back, the split, every share proven
  recovery     a new HSM takes a lost one's domain over from a quorum's packets
  resharing    a quorum settles new custodians or another quorum`,
  options: {
    ...folderOption,
    'custodians N': 'how many will hold a share: 3 to 10',
    'required M': 'how many of them will be needed: 2 to N',
    ...handOption,
    ...instanceOptions,
  },
  examples: [
    'strongroom ceremony start activation --custodians 5 --required 3 --hsm-name dev',
    'strongroom ceremony start recovery --folder lost-region --url https://new.managedhsm.example --ca ca.pem',
  ],
  explains: OF_FILES,
  run(values, [kind, spare]) {
    if (kind === undefined || spare !== undefined || !isCeremonyKind(kind)) {
      throw new UsageError(`name one kind: ${CEREMONY_KINDS.join(', ')}`);
    }
    const { 'hsm-name': name, data, url, ca, folder, as } = values;
    const people = peopleIn(kind, values.custodians, values.required);
    // Refused here rather than in the middle.
    const { who } = openInstanceClient(values);
    const instance = oneLine(url === undefined ? name : who);
    const address = {
      instance: name,
      ...(url === undefined ? { data: resolve(dataRootOf(data)) } : { url }),
      ...(ca === undefined ? {} : { ca: resolve(ca) }),
    };
    using ceremony = Ceremony.start(folder, { kind, instance, ...people, address }, handOf(values));
    const steps = kinds[kind].map(({ title }, index) => `  ${index + 1}. ${title}\n`);
    const goOn = `go on with: ${ownCommand(`ceremony next${optionWords({ folder, as })}`)}\n`;
    return `ceremony  ${ceremony.id}\nfolder    ${resolve(ceremony.folder)}\n${steps.join('')}${goOn}`;
  },
});

function peopleIn(kind: CeremonyKind, custodians: string | undefined, required: string | undefined) {
  if (kind === 'recovery') {
    if (custodians === undefined && required === undefined) return {};
    throw new UsageError('a recovery keeps the custodians of its domain: no --custodians, no --required');
  }
  const count = Number(custodians);
  const quorum = Number(required);
  if (!Number.isInteger(count) || count < 3 || count > 10) throw new UsageError('--custodians must be 3 to 10');
  if (!Number.isInteger(quorum) || quorum < 2 || quorum > count) {
    throw new UsageError(`--required must be 2 to ${count}`);
  }
  return { custodians: count, required: quorum };
}

export const note = command({
  name: 'ceremony note',
  summary: 'note an exception, a witness, anything, in the journal of a ceremony',
  operands: 'TEXT',
  wants: 'give one text, in quotes',
  details: 'It is in the report under the exceptions, with who wrote it and when. Nothing is ever removed.',
  options: { ...folderOption, ...handOption },
  examples: ["strongroom ceremony note 'Clara takes part by telephone; her voice is known to Anna' --by Anna"],
  explains: OF_FILES,
  run: (values, [text]) =>
    withCeremony(values, (ceremony) => {
      addNote(ceremony, text);
      return 'noted\n';
    }),
});

export const status = command({
  name: 'ceremony status',
  summary: 'show where a ceremony stands',
  operands: '',
  details: 'Changes nothing, and needs no HSM. The exit code is 0 when every step is done, 1 otherwise.',
  options: { ...folderOption, ...jsonOption },
  examples: ['strongroom ceremony status', 'strongroom ceremony status --folder lost-region --json'],
  explains: OF_FILES,
  run({ folder }) {
    const { id, settings, entries, head } = readCeremony(folder);
    const { kind, instance } = settings;
    const steps = stepsOf(kind, entries);
    const reported = entries.some(({ step, what }) => step === REPORT_STEP && what === 'reported');
    const exceptions = exceptionsIn(entries).map(({ at, who, step, what, text }) => ({ at, who, step, what, text }));
    const lines = [
      `${kind} of ${instance}, ceremony ${id}\n\n`,
      ...steps.map(stepLine),
      reported ? '\nthe report is signed: report.md, report.html\n' : '',
      ...exceptions.map(({ at, who, what, text }) => `  ${at}  ${what}, ${who}: ${text}\n`),
    ];
    const json = { id, kind, instance, steps, exceptions, reported, head };
    return { json, text: lines.join(''), exit: isComplete(steps) ? 0 : 1 };
  },
});

const MARKS = { done: '[x]', skipped: '[-]', next: '[>]', later: '[ ]' } as const;

function stepLine({ title, state, reason, failedTries, who, at }: StepStatus): string {
  const tries = failedTries === undefined ? '' : `, ${afterTries(failedTries)}`;
  const why = reason === undefined ? tries : `: ${reason}`;
  return `  ${MARKS[state]} ${title}${why}${at === undefined ? '' : `  (${who}, ${at})`}\n`;
}
