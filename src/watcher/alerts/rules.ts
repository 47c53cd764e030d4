// All rules that hold: those beside this file, and an operator's own from a folder that the configuration names.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ShapeError } from '../../formats/shape.ts';
import { type Rule, readRule } from './rule.ts';

/** With the text of its file. */
export type ReadRule = Rule & { readonly source: string };

const OURS = fileURLToPath(new URL('rules/', import.meta.url));
const MOST_BYTES = 65_536;
const MOST_RULES = 500;

/** @throws ShapeError naming the file that is no rule, or the rule that is switched off and is none */
export function readRules({
  rules,
  off = [],
}: {
  readonly rules?: string;
  readonly off?: readonly string[];
} = {}): readonly ReadRule[] {
  const all = new Map(rulesIn(OURS).map((rule) => [rule.name, rule]));
  for (const rule of rules === undefined ? [] : rulesIn(rules)) {
    if (all.has(rule.name))
      throw new ShapeError(`${join(rules ?? '', rule.name)}.json: a rule of that name is there already`);
    all.set(rule.name, rule);
  }
  for (const name of off) {
    if (!all.delete(name)) throw new ShapeError(`alerts.off: there is no rule '${name}'; alerts list shows all`);
  }
  return [...all.values()];
}

/** Paths of the rules in a folder. @throws ShapeError */
export function ruleFiles(folder: string): readonly string[] {
  const files = namesIn(folder)
    .filter((file) => file.endsWith('.json'))
    .sort();
  if (files.length > MOST_RULES) throw new ShapeError(`${folder} has more than ${MOST_RULES} rules`);
  return files.map((file) => join(folder, file));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new ShapeError(
      `alerts.rules: ${(cause as Error).message}; name a folder that this user can read, with a file NAME.json for each rule`,
      { cause },
    );
  }
}

function rulesIn(folder: string): readonly ReadRule[] {
  return ruleFiles(folder).map((path) => {
    try {
      if (statSync(path).size > MOST_BYTES) throw new ShapeError('it is too long');
      const source = readFileSync(path, 'utf8');
      return { ...readRule(basename(path, '.json'), source), source };
    } catch (cause) {
      throw new ShapeError(`${path}: ${(cause as Error).message}`, { cause });
    }
  });
}
