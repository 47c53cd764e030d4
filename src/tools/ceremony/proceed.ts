// Goes one step on in a ceremony, and says where it stands.
import { oneLine } from '../../formats/printable.ts';
import type { Ceremony } from './ceremony.ts';
import { CeremonyError } from './ceremony-error.ts';
import { kinds } from './kinds.ts';
import { type Asking, type Given, REPORT_STEP, type Step } from './step.ts';

/** Undefined: every step is over. */
export function nextStep(ceremony: Ceremony): Step | undefined {
  return kinds[ceremony.settings.kind].find(({ id }) => !ceremony.isOver(id));
}

/** What keeps the step from going on is in the journal before it is thrown. */
export async function proceed(ceremony: Ceremony, step: Step, given: Given, service: Asking): Promise<string> {
  requireOpen(ceremony);
  try {
    return await step.run(ceremony, given, service);
  } catch (error) {
    const text = oneLine(error instanceof Error ? error.message : String(error));
    // A mismatch has its own line.
    if (ceremony.entries.at(-1)?.what !== 'mismatch') ceremony.add({ step: step.id, what: 'refused', text });
    throw error;
  }
}

/** @throws CeremonyError when the step must not be left out */
export function skip(ceremony: Ceremony, step: Step, reason: string): void {
  requireOpen(ceremony);
  if (step.optional !== true) throw new CeremonyError(`'${step.title}' cannot be left out`);
  ceremony.add({ step: step.id, what: 'skipped', text: requireText(reason) });
}

export function note(ceremony: Ceremony, text: string): void {
  requireOpen(ceremony);
  ceremony.add({ step: nextStep(ceremony)?.id ?? 'end', what: 'note', text: requireText(text) });
}

function requireOpen(ceremony: Ceremony): void {
  if (ceremony.entries.some(({ step }) => step === REPORT_STEP)) {
    throw new CeremonyError('the ceremony is closed by its report: nothing can be added any more');
  }
}

function requireText(text: string): string {
  const line = oneLine(text);
  if (line === '') throw new CeremonyError('say what there is to note');
  return line;
}
