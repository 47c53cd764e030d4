// `strongroom ceremony next`: goes one step on, or says what the next step needs.
import { setTimeout } from 'node:timers/promises';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import type { Ceremony } from '../../../tools/ceremony/ceremony.ts';
import { nextStep, proceed, skip } from '../../../tools/ceremony/proceed.ts';
import { type Asking, REPORT_STEP, type Step } from '../../../tools/ceremony/step.ts';
import { CommandError, command, type Terminal, UsageError } from '../../command.ts';
import { asOption } from '../../instance-client.ts';
import { readInput } from '../../read-input.ts';
import { askPerson } from './ask-person.ts';
import { folderOption, handOption, instanceIn, withCeremony } from './open-folder.ts';

export const next = command({
  name: 'ceremony next',
  summary: 'go one step on in a ceremony',
  operands: '',
  details: `
Without what the step needs it says so and does nothing; at a terminal it asks for what has to be typed. What is refused
or does not match is in the journal before it is shown. Cut off at any moment, the step is taken up again by calling this
once more: nothing is done twice.`,
  options: {
    'file FILE...': 'a file for the step; once for each',
    'value TEXT...': 'what was read or said; once for each',
    'skip REASON': 'leave the step out, where that may be',
    ...folderOption,
    ...handOption,
    ...asOption,
  },
  examples: [
    'strongroom ceremony next',
    'strongroom ceremony next --file anna.cer --file boris.cer --file clara.cer',
    "strongroom ceremony next --value '4f1c 02aa ...' --by 'Dora, witness'",
    'strongroom ceremony next --as alice',
    "strongroom ceremony next --skip 'no backup was ever made'",
  ],
  run(values, _operands, terminal) {
    const files = values.file.map((name) => ({ name, content: readInput(name) }));
    return withCeremony(values, async (ceremony) => {
      const step = nextStep(ceremony);
      if (step === undefined) {
        if (files.length > 0 || values.value.length > 0 || values.skip !== undefined) {
          throw new CommandError(`nothing is taken any more: ${ending(ceremony)}`);
        }
        terminal.out(`${ending(ceremony)}\n`);
        return 0;
      }
      if (values.skip !== undefined) {
        if (files.length > 0 || values.value.length > 0) throw new UsageError('--skip takes nothing else');
        skip(ceremony, step, values.skip);
        terminal.out(`left out: ${step.title}\n`);
        sayNext(ceremony, step, terminal);
        return 0;
      }
      checkGiven(step, files.length, values.value.length);
      const isAtHand = step.needs === 'files' ? files.length > 0 : step.needs === 'nothing' || values.value.length > 0;
      if (!isAtHand) {
        terminal.out(`${step.title}\n${step.instruction(ceremony)}\n`);
        if (step.needs !== 'value' || process.stdin.isTTY !== true) return 0;
      }
      const typed = isAtHand ? values.value : await askPerson('typed', terminal);
      if (!isAtHand && typed.length === 0) return 0;
      const given = { files, values: typed, pause: () => setTimeout(PAUSE) };
      const what = await proceed(ceremony, step, given, lazily(ceremony, values.as));
      terminal.out(`${what}\n`);
      sayNext(ceremony, step, terminal);
      return 0;
    });
  },
});

const PAUSE = 2000;

/** Only steps that ask the HSM need it to run. */
function lazily(ceremony: Ceremony, as: string | undefined): Asking {
  let client: ReturnType<typeof instanceIn> | undefined;
  return {
    ask(method, path, body) {
      client ??= instanceIn(ceremony, as);
      return client.ask(method, path, body);
    },
  };
}

function checkGiven({ needs, title }: Step, files: number, values: number): void {
  if (files > 0 && needs !== 'files') throw new UsageError(`'${title}' takes no --file`);
  if (values > 0 && needs !== 'value') throw new UsageError(`'${title}' takes no --value`);
}

function sayNext(ceremony: Ceremony, before: Step, terminal: Terminal): void {
  const step = nextStep(ceremony);
  if (step === undefined) terminal.out(`${ending(ceremony)}\n`);
  else if (step.id !== before.id) terminal.out(`next: ${step.title}\n${step.instruction(ceremony)}\n`);
  else terminal.out(`to go on: ${step.instruction(ceremony)}\n`);
}

/** What is said when no step is left. */
function ending({ folder, entries }: Ceremony): string {
  const isClosed = entries.some(({ step }) => step === REPORT_STEP);
  const report = ownCommand(`ceremony report${optionWords({ folder })}`);
  return isClosed
    ? `the ceremony is closed by its report, ${folder}/report.md ('${report}' writes it again)`
    : `every step is done: close the ceremony with '${report}'`;
}
