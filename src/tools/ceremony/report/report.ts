// The report of a ceremony: written from its journal in Markdown, which is the text that is signed, and closing the ceremony. One
// journal gives one report: cut off anywhere, it is made again from the same lines, and the HSM answers the same.

import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { type Ceremony, factIn } from '../ceremony.ts';
import { exceptionsIn, isComplete, kinds, type StepStatus, stepsOf } from '../engine.ts';
import { type Asking, VERSION } from '../hsm.ts';
import { type Entry } from '../journal.ts';
import { factsOf, type readCeremony } from '../kept.ts';
import { afterTries, REPORT_STEP } from '../step.ts';
import { htmlOf } from './html.ts';
import { joinReport, type Signature, verifyReport } from './signed-report.ts';

/** `entries` without those of the report; `head`: hash of the last of them. */
type Reported = ReturnType<typeof readCeremony>;

export function reportOf({ id, settings, entries, head }: Reported): string {
  const { kind, instance } = settings;
  const fingerprint = factIn(entries, 'domain.fingerprint');
  const steps = stepsOf(kind, entries);
  const general = [
    ['ceremony', id],
    ['kind', kind],
    ['HSM', instance],
    ['domain fingerprint', fingerprint === undefined ? 'not known yet' : groupFingerprint(fingerprint)],
    ['domain file, SHA-256 as packets name it', factIn(entries, 'domain') ?? 'none yet'],
    ['complete', isComplete(steps) ? 'yes' : 'no'],
    ['began', entries[0]?.at ?? ''],
    ['ended', entries.at(-1)?.at ?? ''],
    ['written by', [...new Set(entries.map(({ who }) => who))].join(', ')],
    ['journal, lines', String(entries.length)],
    ['journal, SHA-256 of the last line', head],
  ];
  return [
    section(`# Ceremony report: ${kind} of ${cell(instance)}`, ['what', 'is'], general),
    section(
      '## Custodians',
      ['custodian', 'fingerprint', 'certificate read back', 'share proven or given'],
      custodiansIn(entries),
    ),
    section(
      '## Steps',
      ['step', 'outcome', 'by', 'at'],
      steps.map((step) => [step.title, outcomeOf(step), step.who ?? '', step.at ?? '']),
    ),
    section(
      '## Exceptions and notes',
      ['at', 'by', 'step', 'what', 'text'],
      exceptionsIn(entries).map(({ at, who, step, what, text }) => [at, who, step, what, text]),
    ),
    section(
      '## Files',
      ['file', 'role', 'bytes', 'SHA-256'],
      entries.flatMap(({ file }) => (file ? [[file.name, file.role, String(file.bytes), file.sha256]] : [])),
    ),
    section(
      '## Journal',
      ['line', 'at', 'by', 'step', 'what', 'text'],
      entries.map(({ n, at, who, step, what, text }) => [String(n), at, who, step, what, text]),
    ),
  ].join('\n');
}

function outcomeOf({ state, reason, failedTries }: StepStatus): string {
  if (reason !== undefined) return `${state}: ${reason}`;
  return failedTries === undefined ? state : `${state}, ${afterTries(failedTries)}`;
}

/** @throws Refusal while something is still to do */
export function requireComplete({ settings, entries }: Pick<Reported, 'settings' | 'entries'>): void {
  const open = stepsOf(settings.kind, entries).find(({ state }) => state === 'next');
  if (open !== undefined) throw new Refusal(`the ceremony is not complete: next is '${open.title}'`);
}

function custodiansIn(entries: readonly Entry[]): readonly (readonly string[])[] {
  const people = new Map<string, [name: string, fingerprint: string, readBack: string, proven: string]>();
  for (const { facts = {}, what, step, at } of entries) {
    const { custodian, name, fingerprint, 'read-back': readBack = '' } = facts;
    const reader = people.get(readBack);
    if (reader !== undefined) reader[2] = at;
    if (custodian === undefined || name === undefined || fingerprint === undefined || what !== 'file') continue;
    const person = people.get(custodian) ?? [name, groupFingerprint(fingerprint), '', ''];
    people.set(custodian, person);
    if (step === 'acknowledge' || step === 'packets') person[3] = provenText(at, facts['signed']);
  }
  return [...people.values()];
}

/** A packet may be older than its coming: both dates are told. Journals of before know only that of its coming. */
function provenText(handedIn: string, signed: string | undefined): string {
  return signed === undefined ? handedIn : `signed ${signed}, handed in ${handedIn}`;
}

function section(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const table = rows.length === 0 ? ['None.'] : [line(headings), line(headings.map(() => '---')), ...rows.map(line)];
  return `${[title, '', ...table].join('\n')}\n`;
}

/** Nothing that people wrote means anything to Markdown. */
function cell(text: string): string {
  return text.replaceAll(/[\\|`*<>[\]~&#]/g, '\\$&');
}

/** As it would be signed now; nothing is changed. */
export function draftOf(ceremony: Ceremony): string {
  const { id, settings } = ceremony;
  const closing = ceremony.entries.findIndex(({ step }) => step === REPORT_STEP);
  const entries = closing < 0 ? ceremony.entries : ceremony.entries.slice(0, closing);
  const head = closing < 0 ? ceremony.head : (ceremony.entries[closing]?.previous ?? '');
  return withhold(ceremony, reportOf({ id, settings, entries, head }));
}

/** What is still to be read back is not shown by a draft either. A report that is signed has every step over. */
function withhold(ceremony: Ceremony, text: string): string {
  return kinds[ceremony.settings.kind]
    .filter(({ id }) => !ceremony.isOver(id))
    .flatMap((step) => step.withheld?.(ceremony) ?? [])
    .flatMap((fingerprint) => [fingerprint, groupFingerprint(fingerprint)])
    .reduce((shown, secret) => shown.replaceAll(secret, '(not shown before it was read back)'), text);
}

/** @returns names of the files @throws Refusal while something is still to do; whatever the service refuses with */
export async function makeReport(ceremony: Ceremony, service: () => Asking): Promise<readonly string[]> {
  requireComplete(ceremony);
  if (ceremony.of(REPORT_STEP, 'begun').length === 0) {
    ceremony.add({ step: REPORT_STEP, what: 'begun', text: 'the ceremony is closed; its report is written' });
  }
  const text = draftOf(ceremony);
  const signed = ceremony.of(REPORT_STEP, 'reported').at(0)?.facts;
  const signature =
    signed === undefined
      ? await sign(ceremony, text, service())
      : { note: signed['note'] ?? '', domainKey: signed['domainKey'] ?? '' };
  const markdown = joinReport(text, signature);
  verifyReport(markdown);
  const html = htmlOf(markdown);
  await ceremony.keep('report.md', 'output', markdown);
  await ceremony.keep('report.html', 'output', html);
  if (signed === undefined) {
    ceremony.add({
      step: REPORT_STEP,
      what: 'reported',
      text: `report signed, SHA-256 ${factsOf(markdown).sha256}`,
      facts: { ...signature },
    });
  }
  return ['report.md', 'report.html'];
}

async function sign(ceremony: Ceremony, report: string, service: Asking): Promise<Signature> {
  const { note, domainKey } = (await service.ask('POST', `/securitydomain/ceremonies?${VERSION}`, {
    id: ceremony.id,
    kind: ceremony.settings.kind,
    domain: ceremony.requireFact('domain'),
    report,
  })) as Readonly<Record<string, unknown>>;
  if (typeof note !== 'string' || typeof domainKey !== 'string') {
    throw new Refusal('the HSM answered without a statement');
  }
  if (domainFingerprint(Buffer.from(domainKey, 'base64url')) !== ceremony.requireFact('domain.fingerprint')) {
    throw new Refusal('the statement is signed by another domain than the one of this ceremony');
  }
  return { note, domainKey };
}
