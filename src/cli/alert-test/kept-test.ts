// The records of tests, a file each in the data directory; and what the watcher puts into the management plane's log of them.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Places } from '../../deployment/data-layout.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { having } from '../../formats/having.ts';
import { oneLine } from '../../formats/printable.ts';
import { isoTime, list, oneOf, text } from '../../formats/shape.ts';
import { testedFile } from '../../watcher/alerts/alert-files.ts';
import { MOST_TESTS, readTested, type Test } from '../../watcher/alerts/silences.ts';
import type { TestedRule } from './outcome.ts';

const FORMAT = 'strongroom alert test 1';
const OUTCOMES = ['delivered', 'nobody is told', 'not tried', 'not fired', 'not delivered'] as const;
const BAD: readonly TestedRule['outcome'][] = ['not fired', 'not delivered'];

export interface AlertTestRecord {
  readonly format: typeof FORMAT;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly by: string;
  /** `own`: of the test, so that nobody was bothered. */
  readonly receivers: 'configured' | 'own';
  readonly passed: boolean;
  readonly rules: readonly TestedRule[];
}

export const isGood = ({ outcome }: Pick<TestedRule, 'outcome'>): boolean => !BAD.includes(outcome);

/** @returns the record and where it is */
export async function keepTest(
  at: Places,
  { startedAt, isQuiet, rules }: { startedAt: Date; isQuiet: boolean; rules: readonly TestedRule[] },
): Promise<{ readonly record: AlertTestRecord; readonly path: string }> {
  const record: AlertTestRecord = {
    format: FORMAT,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    by: oneLine(userInfo().username, 100),
    receivers: isQuiet ? 'own' : 'configured',
    passed: rules.every(isGood),
    rules,
  };
  makePrivateFolder(at.alertTests);
  const path = join(at.alertTests, `${record.startedAt.replaceAll(':', '-')}.json`);
  const content = `${JSON.stringify(record, null, 2)}\n`;
  await replaceFile(path, content);
  if (existsSync(at.watch)) {
    const counted = (outcome: TestedRule['outcome']): number => rules.filter((each) => each.outcome === outcome).length;
    const said = OUTCOMES.map((outcome) => `${outcome} ${counted(outcome)}`).join(', ');
    const tested = {
      id: randomUUID(),
      by: record.by,
      said: `Of ${rules.length} rules: ${said}; receivers: ${record.receivers}.`,
      record: createHash('sha256').update(content).digest('hex'),
    };
    const file = testedFile(at.watch);
    await replaceFile(file, `${JSON.stringify([...testsIn(file), tested].slice(-MOST_TESTS))}\n`);
  }
  return { record, path };
}

/** None where it does not read: it begins anew. */
function testsIn(file: string): readonly Test[] {
  try {
    return readTested(file);
  } catch {
    return [];
  }
}

const readKept = having({
  startedAt: isoTime,
  receivers: oneOf('configured', 'own'),
  rules: list(having({ rule: text, outcome: oneOf(...OUTCOMES) })),
});

/** When each rule was tested last, and how that ended; what does not read says nothing. */
export function lastTests(at: Places) {
  const names = existsSync(at.alertTests) ? readdirSync(at.alertTests).toSorted() : [];
  const last = new Map<string, { readonly testedAt: string; readonly outcome: TestedRule['outcome'] | 'came true' }>();
  for (const name of names) {
    try {
      const { startedAt, receivers, rules } = readKept(
        JSON.parse(readFileSync(join(at.alertTests, name), 'utf8')),
        name,
      );
      for (const { rule, outcome } of rules)
        if (outcome !== 'not tried') {
          // Nobody but the command has taken it.
          const isQuiet = receivers === 'own' && outcome === 'delivered';
          last.set(rule, { testedAt: startedAt, outcome: isQuiet ? 'came true' : outcome });
        }
    } catch {
      // A file that is none of ours.
    }
  }
  return last;
}
