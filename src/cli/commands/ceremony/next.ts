// `strongroom ceremony next`: goes one step on, or says what the next step needs.
import { createInterface } from 'node:readline/promises';
import { setTimeout } from 'node:timers/promises';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import type { Ceremony } from '../../../tools/ceremony/ceremony.ts';
import { nextStep, proceed, skip } from '../../../tools/ceremony/engine.ts';
import type { Asking } from '../../../tools/ceremony/hsm.ts';
import { REPORT_STEP, type Step } from '../../../tools/ceremony/step.ts';
import { CommandError, command, type Terminal, UsageError } from '../../command.ts';
import { asOption } from '../../instance-client.ts';
import { readInput } from '../../read-input.ts';
import { folderOption, handOption, instanceIn, OF_FILES, withCeremony } from './open-folder.ts';

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
  explains: OF_FILES,
  run(values, _operands, terminal) {
    const files = values.file.map((name) => ({ name, content: readInput(name) }));
    return withCeremony(values, async (ceremony) => {
      const step = nextStep(ceremony);
      if (step === undefined) {
        if (files.length > 0 || values.value.length > 0 || values.skip !== undefined) {
          throw new CommandError(`nothing is taken any more: ${ending(ceremony)}`);
        }
        return `${ending(ceremony)}\n`;
      }
      if (values.skip !== undefined) {
        if (files.length > 0 || values.value.length > 0) throw new UsageError('--skip takes nothing else');
        skip(ceremony, step, values.skip);
        return `left out: ${step.title}\n${whatIsNext(ceremony, step)}\n`;
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
      return `${what}\n${whatIsNext(ceremony, step)}\n`;
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

function whatIsNext(ceremony: Ceremony, before: Step): string {
  const step = nextStep(ceremony);
  if (step === undefined) return ending(ceremony);
  const instruction = step.instruction(ceremony);
  return step.id === before.id ? `to go on: ${instruction}` : `next: ${step.title}\n${instruction}`;
}

/** What is said when no step is left. */
function ending({ folder, entries }: Ceremony): string {
  const isClosed = entries.some(({ step }) => step === REPORT_STEP);
  const report = ownCommand(`ceremony report${optionWords({ folder })}`);
  return isClosed
    ? `the ceremony is closed by its report, ${folder}/report.md ('${report}' writes it again)`
    : `every step is done: close the ceremony with '${report}'`;
}

/** One line typed at the terminal, seen. @returns nothing when nothing was typed */
async function askPerson(what: string, terminal: Terminal): Promise<readonly string[]> {
  terminal.err(`${what}: `);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line.trim() === '' ? [] : [line];
    return [];
  } finally {
    lines.close();
  }
}
