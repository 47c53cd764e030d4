// What commands of alerts begin with: what the last start went by, and the rules that hold.
import { existsSync, readFileSync } from 'node:fs';
import { oneLine } from '../../../formats/printable.ts';
import { alertStateFile } from '../../../watcher/alerts/alert-files.ts';
import { parseAlertState } from '../../../watcher/alerts/alert-state.ts';
import { type ReadRule, readRules } from '../../../watcher/alerts/rules.ts';
import { CommandError, dataOption, jsonOption } from '../../command.ts';
import { explained } from '../../explained.ts';
import { nearest } from '../../nearest.ts';
import { placesWithData } from '../../running.ts';

export const alertOptions = { ...dataOption, ...jsonOption } as const;

export function opened(data: string | undefined) {
  const at = placesWithData(data);
  const folder = at.watch;
  const path = alertStateFile(folder);
  const state = existsSync(path)
    ? explained(() => parseAlertState(readFileSync(path, 'utf8')), { ShapeError: '' })
    : undefined;
  const rules: readonly ReadRule[] = explained(() => readRules(state?.settings), { ShapeError: '' });
  return { at, folder, state, rules };
}

/** @throws CommandError */
export function ruleNamed(rules: readonly ReadRule[], name: string): ReadRule {
  const found = rules.find((rule) => rule.name === name);
  if (found !== undefined) return found;
  const meant = nearest(
    name,
    rules.map((rule) => rule.name),
  );
  throw new CommandError(
    `there is no rule '${oneLine(name, 100)}'${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}
