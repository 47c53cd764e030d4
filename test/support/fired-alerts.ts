// Which of the product's own alerts come true over entries of a log, as the watcher judges them.
import { type Alert, newState } from '../../src/watcher/alerts/alert-state.ts';
import { Judge } from '../../src/watcher/alerts/judge.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import type { LoggedEntry } from './audit-entries.ts';

/** In order of the entries. @param name of the instance; `@management` */
export function firedAlerts(
  entries: readonly LoggedEntry[],
  name = 'test',
): readonly (Alert & { readonly of: LoggedEntry })[] {
  const fired: Alert[] = [];
  const judge = new Judge(readRules(), newState(0), (alert) => fired.push(alert));
  judge.take(
    { id: name, name },
    0,
    entries.map((entry) => Buffer.from(JSON.stringify(entry))),
  );
  return fired.map((alert) => ({ ...alert, of: entries[alert.index ?? -1] ?? {} }));
}
