// Where a ceremony stands, step by step, from its journal alone.

import type { CeremonyKind } from '../../features/ceremony/recorded.ts';
import type { Entry } from './journal.ts';
import { kinds } from './kinds.ts';
import { FAILED_TRIES } from './step.ts';

export type StepState = 'done' | 'skipped' | 'next' | 'later';

export interface StepStatus {
  readonly id: string;
  readonly title: string;
  readonly state: StepState;
  /** Why it was left out. */
  readonly reason?: string;
  /** Of a step that is done: what was typed for it and did not match. */
  readonly failedTries?: number;
  readonly who?: string;
  readonly at?: string;
}

export function stepsOf(kind: CeremonyKind, entries: readonly Entry[]): readonly StepStatus[] {
  let isNextFound = false;
  return kinds[kind].map(({ id, title }) => {
    const end = entries.find(({ step, what }) => step === id && (what === 'done' || what === 'skipped'));
    if (end !== undefined) {
      const { who, at, text } = end;
      const failed = end.facts?.[FAILED_TRIES];
      const tries = failed === undefined ? {} : { failedTries: Number(failed) };
      return end.what === 'done'
        ? { id, title, state: 'done', ...tries, who, at }
        : { id, title, state: 'skipped', reason: text, who, at };
    }
    const state = isNextFound ? 'later' : 'next';
    isNextFound = true;
    return { id, title, state };
  });
}
