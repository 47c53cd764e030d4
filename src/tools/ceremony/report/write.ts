// Writes the report of a ceremony from its journal, in Markdown: the text that is signed. One journal gives one report.
import { groupFingerprint } from '../../../formats/domain-identity.ts';
import type { CeremonySettings } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { exceptionsIn } from '../exceptions.ts';
import type { Entry } from '../journal.ts';
import { afterTries } from '../step.ts';
import { type StepStatus, stepsOf } from '../steps-of.ts';

export interface Reported {
  readonly id: string;
  readonly settings: CeremonySettings;
  /** Without those of the report. */
  readonly entries: readonly Entry[];
  /** Hash of the last of them, hex. */
  readonly head: string;
}

export function reportOf({ id, settings, entries, head }: Reported): string {
  const { kind, instance } = settings;
  const fingerprint = factIn(entries, 'domain.fingerprint');
  const steps = stepsOf(kind, entries);
  const lines = [
    `# Ceremony report: ${kind} of ${cell(instance)}`,
    '',
    ...table(
      ['what', 'is'],
      [
        ['ceremony', id],
        ['kind', kind],
        ['HSM', instance],
        ['domain fingerprint', fingerprint === undefined ? 'not known yet' : groupFingerprint(fingerprint)],
        ['domain file, SHA-256 as packets name it', factIn(entries, 'domain') ?? 'none yet'],
        ['complete', steps.every(({ state }) => state === 'done' || state === 'skipped') ? 'yes' : 'no'],
        ['began', entries[0]?.at ?? ''],
        ['ended', entries.at(-1)?.at ?? ''],
        ['written by', [...new Set(entries.map(({ who }) => who))].join(', ')],
        ['journal, lines', String(entries.length)],
        ['journal, SHA-256 of the last line', head],
      ],
    ),
    '',
    '## Custodians',
    '',
    ...table(['custodian', 'fingerprint', 'certificate read back', 'share proven or given'], custodiansIn(entries)),
    '',
    '## Steps',
    '',
    ...table(
      ['step', 'outcome', 'by', 'at'],
      steps.map((step) => [step.title, outcomeOf(step), step.who ?? '', step.at ?? '']),
    ),
    '',
    '## Exceptions and notes',
    '',
    ...table(
      ['at', 'by', 'step', 'what', 'text'],
      exceptionsIn(entries).map(({ at, who, step, what, text }) => [at, who, step, what, text]),
    ),
    '',
    '## Files',
    '',
    ...table(
      ['file', 'role', 'bytes', 'SHA-256'],
      entries.flatMap(({ file }) =>
        file === undefined ? [] : [[file.name, file.role, String(file.bytes), file.sha256]],
      ),
    ),
    '',
    '## Journal',
    '',
    ...table(
      ['line', 'at', 'by', 'step', 'what', 'text'],
      entries.map(({ n, at, who, step, what, text }) => [String(n), at, who, step, what, text]),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function outcomeOf({ state, reason, failedTries }: StepStatus): string {
  if (reason !== undefined) return `${state}: ${reason}`;
  return failedTries === undefined ? state : `${state}, ${afterTries(failedTries)}`;
}

/** @throws CeremonyError while something is still to do */
export function requireComplete({ settings, entries }: Pick<Reported, 'settings' | 'entries'>): void {
  const open = stepsOf(settings.kind, entries).find(({ state }) => state === 'next');
  if (open !== undefined) throw new CeremonyError(`the ceremony is not complete: next is '${open.title}'`);
}

function custodiansIn(entries: readonly Entry[]): readonly (readonly string[])[] {
  const people = new Map<string, { name: string; fingerprint: string; readBack: string; proven: string }>();
  for (const { facts, what, step, at } of entries) {
    const { custodian, name, fingerprint } = facts ?? {};
    const readBack = facts?.['read-back'];
    if (readBack !== undefined) {
      const person = people.get(readBack);
      if (person !== undefined) person.readBack = at;
    }
    if (custodian === undefined || name === undefined || fingerprint === undefined || what !== 'file') continue;
    const person = people.get(custodian) ?? { name, fingerprint, readBack: '', proven: '' };
    if (step === 'acknowledge' || step === 'packets') person.proven = provenText(at, facts?.['signed']);
    people.set(custodian, person);
  }
  return [...people.values()].map(({ name, fingerprint, readBack, proven }) => [
    name,
    groupFingerprint(fingerprint),
    readBack,
    proven,
  ]);
}

/** A packet may be older than its coming: both dates are told. Journals of before know only that of its coming. */
function provenText(handedIn: string, signed: string | undefined): string {
  return signed === undefined ? handedIn : `signed ${signed}, handed in ${handedIn}`;
}

function factIn(entries: readonly Entry[], name: string): string | undefined {
  return entries.findLast(({ facts }) => facts?.[name] !== undefined)?.facts?.[name];
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return ['None.'];
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)];
}

/** Nothing that people wrote means anything to Markdown. */
function cell(text: string): string {
  return text.replaceAll(/[\\|`*<>[\]~&#]/g, '\\$&');
}
