// The kinds of ceremonies, each a list of steps in their order; where a ceremony stands in its list, from its journal alone; and
// how it goes one step on.

import type { CeremonyKind } from '../../formats/ceremony-kind.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { oneLine } from '../../formats/printable.ts';
import { Refusal } from '../../formats/refusal.ts';
import type { Ceremony } from './ceremony.ts';
import type { Asking } from './hsm.ts';
import { type Entry } from './journal.ts';
import { addressOf, FAILED_TRIES, type Given, REPORT_STEP, type Step } from './step.ts';
import { certificates } from './steps/certificates.ts';
import { complete, statement } from './steps/complete.ts';
import { domainFile, download, replace, restore, transferKey, upload } from './steps/domain.ts';
import { acknowledge, gather } from './steps/packets.ts';
import { readBackCertificates, readBackOne } from './steps/read-back.ts';

const readTransferKey = readBackOne({
  id: 'transfer-read-back',
  title: "Read the transfer key's fingerprint back",
  fact: 'recipient.fingerprint',
  again: 'from the display of the second person, who asks the HSM anew',
  instruction: (ceremony) =>
    `A second person asks the HSM for it from a machine of their own ('${ownCommand(`ceremony transfer-key${addressOf(ceremony)}`)}', ` +
    'there with --url https://HOST and --ca FILE) and reads it aloud. A file that they were sent does not do: whoever can exchange that certificate gets the shares.',
});

const readDomain = readBackOne({
  id: 'domain-read-back',
  title: "Read the domain's fingerprint back",
  fact: 'domain.fingerprint',
  again: 'from the report of the activation or from paper',
  instruction: () =>
    'Somebody reads the domain fingerprint from the report of the activation or from paper: it tells that the right ' +
    'domain came back.',
});

const destroy = statement(
  'destroy',
  'Destroy the old file',
  'The old domain file goes on opening with the old shares. Destroy every copy of it, and say which, how, and before whom.',
);

export const kinds: Readonly<Record<CeremonyKind, readonly Step[]>> = {
  activation: [certificates, readBackCertificates, download, acknowledge(false), complete(true)],
  recovery: [
    ...[transferKey('upload'), readTransferKey, domainFile, gather('recover'), upload, readDomain],
    ...[restore, acknowledge(true), complete(false)],
  ],
  resharing: [
    ...[transferKey('resharing'), readTransferKey, certificates, readBackCertificates, domainFile, gather('reshare')],
    ...[replace, download, acknowledge(false), destroy, complete(true)],
  ],
};

export interface StepStatus {
  readonly id: string;
  readonly title: string;
  readonly state: 'done' | 'skipped' | 'next' | 'later';
  /** Why it was left out. */
  readonly reason?: string;
  /** Of a step that is done: what was typed for it and did not match. */
  readonly failedTries?: number;
  readonly who?: string;
  readonly at?: string;
}

export function stepsOf(kind: CeremonyKind, entries: readonly Entry[]): readonly StepStatus[] {
  let open: 'next' | 'later' = 'next';
  return kinds[kind].map(({ id, title }) => {
    const end = entries.find(({ step, what }) => step === id && (what === 'done' || what === 'skipped'));
    if (end === undefined) {
      const state = open;
      open = 'later';
      return { id, title, state };
    }
    const { who, at, text, facts } = end;
    if (end.what === 'skipped') return { id, title, state: 'skipped', reason: text, who, at };
    const failed = facts?.[FAILED_TRIES];
    return { id, title, state: 'done', ...(failed === undefined ? {} : { failedTries: Number(failed) }), who, at };
  });
}

export function isComplete(steps: readonly StepStatus[]): boolean {
  return steps.every(({ state }) => state === 'done' || state === 'skipped');
}

const EXCEPTIONS: ReadonlySet<Entry['what']> = new Set(['mismatch', 'refused', 'answer', 'note']);

/**
 * What people have to look at in a ceremony that has ended: what did not match, was refused or warned of by the HSM, and what they
 * noted themselves. A step that may be left out, and was, is none: it stands among the steps, with the reason.
 */
export function exceptionsIn(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ what }) => EXCEPTIONS.has(what));
}

/** Undefined: every step is over. */
export function nextStep(ceremony: Ceremony): Step | undefined {
  return kinds[ceremony.settings.kind].find(({ id }) => !ceremony.isOver(id));
}

/** What keeps the step from going on is in the journal before it is thrown. */
export async function proceed(ceremony: Ceremony, step: Step, given: Given, service: Asking): Promise<string> {
  requireOpen(ceremony);
  try {
    const ran = await step.run(ceremony, given, service);
    if (typeof ran === 'string') return ran;
    const { done, says = done, facts } = ran;
    ceremony.add({ step: step.id, what: 'done', text: done, facts });
    return says;
  } catch (error) {
    const text = oneLine(error instanceof Error ? error.message : String(error));
    // A mismatch has its own line.
    if (ceremony.entries.at(-1)?.what !== 'mismatch') ceremony.add({ step: step.id, what: 'refused', text });
    throw error;
  }
}

/** @throws Refusal when the step must not be left out */
export function skip(ceremony: Ceremony, step: Step, reason: string): void {
  requireOpen(ceremony);
  if (step.optional !== true) throw new Refusal(`'${step.title}' cannot be left out`);
  ceremony.add({ step: step.id, what: 'skipped', text: requireText(reason) });
}

export function note(ceremony: Ceremony, text: string): void {
  requireOpen(ceremony);
  ceremony.add({ step: nextStep(ceremony)?.id ?? 'end', what: 'note', text: requireText(text) });
}

function requireOpen(ceremony: Ceremony): void {
  if (ceremony.entries.some(({ step }) => step === REPORT_STEP)) {
    throw new Refusal('the ceremony is closed by its report: nothing can be added any more');
  }
}

function requireText(text: string): string {
  const line = oneLine(text);
  if (line === '') throw new Refusal('say what there is to note');
  return line;
}
