// `strongroom ceremony status`: where a ceremony stands.

import { printableJson } from '../../../formats/printable.ts';
import { readCeremony } from '../../../tools/ceremony/ceremony.ts';
import { exceptionsIn } from '../../../tools/ceremony/exceptions.ts';
import { afterTries, REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { stepsOf } from '../../../tools/ceremony/steps-of.ts';
import { command, jsonOption } from '../../command.ts';
import { folderOption, shown } from './open-folder.ts';

export const status = command({
  name: 'ceremony status',
  summary: 'show where a ceremony stands',
  operands: '',
  details: 'Changes nothing, and needs no HSM. The exit code is 0 when every step is done, 1 otherwise.',
  options: { ...folderOption, ...jsonOption },
  examples: ['strongroom ceremony status', 'strongroom ceremony status --folder lost-region --json'],
  run({ folder, json }, _operands, terminal) {
    return shown(async () => {
      const { id, settings, entries, head } = readCeremony(folder);
      const steps = stepsOf(settings.kind, entries);
      const isReported = entries.some(({ step, what }) => step === REPORT_STEP && what === 'reported');
      const exceptions = exceptionsIn(entries);
      if (json) {
        const { kind, instance } = settings;
        const shownExceptions = exceptions.map(({ at, who, step, what, text }) => ({ at, who, step, what, text }));
        const body = { id, kind, instance, steps, exceptions: shownExceptions, reported: isReported, head };
        terminal.out(printableJson(body));
      } else {
        terminal.out(`${settings.kind} of ${settings.instance}, ceremony ${id}\n\n`);
        for (const { title, state, reason, failedTries, who, at } of steps) {
          const tries = failedTries === undefined ? '' : `, ${afterTries(failedTries)}`;
          const why = reason === undefined ? tries : `: ${reason}`;
          terminal.out(`  ${MARKS[state]} ${title}${why}${at === undefined ? '' : `  (${who}, ${at})`}\n`);
        }
        terminal.out(isReported ? '\nthe report is signed: report.md, report.html\n' : '');
        for (const { at, who, what, text } of exceptions) terminal.out(`  ${at}  ${what}, ${who}: ${text}\n`);
      }
      return steps.every(({ state }) => state === 'done' || state === 'skipped') ? 0 : 1;
    });
  },
});

const MARKS = { done: '[x]', skipped: '[-]', next: '[>]', later: '[ ]' } as const;
