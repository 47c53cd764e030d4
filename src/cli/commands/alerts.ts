// `strongroom alerts …`: what is told, to whom, and what is kept quiet. All of it from files; the watcher acts on what it finds there.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Places } from '../../deployment/data-layout.ts';
import { openEntries } from '../../features/audit/read-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { isOneLine, oneLine, printableLine } from '../../formats/printable.ts';
import { silencesFile } from '../../watcher/alerts/alert-files.ts';
import type { AlertState } from '../../watcher/alerts/alert-state.ts';
import { type OutletStatus, outletStatus } from '../../watcher/alerts/outlet-status.ts';
import { NEVER_SILENT, type Rule } from '../../watcher/alerts/rule.ts';
import { MOST_SILENCE_MS, parseSilences, silencesText } from '../../watcher/alerts/silences.ts';
import { lastTests } from '../alert-test/kept-test.ts';
import { type Command, CommandError, command, UsageError } from '../command.ts';
import { readDuration } from '../duration.ts';
import { explained } from '../explained.ts';
import { instancesIn } from '../instance-folder.ts';
import { placesWithData, requireOwn } from '../running.ts';
import { table } from '../show.ts';
import { alertOptions, opened, ruleNamed } from './alerts/opened.ts';
import { test } from './alerts/test.ts';

const OFF =
  'Nobody is told: the configuration has no alerts, or the service has not started with them (docs/guide/alerts.md).\n';

export const commands: readonly Command[] = [
  command({
    name: 'alerts list',
    summary:
      'list the rules: how serious, who is told, when each last came true and was last tested, what is kept quiet',
    details: `
An outlet fails from the first message that it does not take to the next that it takes; then the exit code is 1. What waits for it is not lost; what it refuses is given up.`,
    options: alertOptions,
    examples: ['strongroom alerts list', 'strongroom alerts list --json'],
    run(values) {
      const { at, state, rules } = opened(values.data);
      const tests = lastTests(at);
      const rows = rules.map((rule) => ({ ...shown(rule, state), ...tests.get(rule.name) }));
      const { outlets = {} } = state ?? {};
      const statuses = Object.entries(outlets).map(([name, kept]) => outletStatus(name, kept, Date.now()));
      const failing = statuses.flatMap((status) => (status.failing === undefined ? [] : [status.outlet]));
      return {
        json: { configured: state !== undefined, rules: rows, outlets: statuses },
        text: [
          table(
            ['RULE', 'SEVERITY', 'TOLD TO', 'LAST', 'LAST TESTED', 'SILENT UNTIL'],
            rows.map(({ rule, severity, outlets: to, last, testedAt, outcome, silentUntil }) => [
              ...[rule, severity, to.join(' ') || '-', last ?? '-'],
              ...[testedAt === undefined ? '-' : `${testedAt} ${outcome}`, silentUntil ?? '-'],
            ]),
          ),
          ...(statuses.length === 0
            ? []
            : [
                '\n',
                table(
                  ['OUTLET', 'WAITING', 'MESSAGES TAKEN', 'FAILS SINCE', 'NEXT TRY', 'LAST FAILURE'],
                  statuses.map(outletRow),
                ),
              ]),
        ].join(''),
        ...(state === undefined ? { hint: OFF } : {}),
        failure: failing.length === 0 ? undefined : `failing: ${failing.join(', ')}`,
      };
    },
  }),
  command({
    name: 'alerts show',
    summary: 'show one rule: its condition, what it means, what to do',
    operands: 'RULE',
    wants: 'the name of a rule; alerts list has all',
    options: alertOptions,
    examples: ['strongroom alerts show key-purge-tried'],
    run(values, [name]) {
      const { state, rules } = opened(values.data);
      const rule = ruleNamed(rules, name);
      const { kind, title, text, runbook, source } = rule;
      const row = shown(rule, state);
      const lines = [
        `${rule.name}  (${rule.severity}, ${kind})`,
        `  ${printableLine(title)}. ${printableLine(text)}`,
        `  what to do   ${runbook}`,
        `  told to      ${row.outlets.join(', ') || 'nobody'}`,
        `  last         ${row.last ?? 'never'}`,
        ...(row.silentUntil === undefined ? [] : [`  silent until ${row.silentUntil}: ${row.reason ?? ''}`]),
        ...source.split('\n').map((line) => `  ${printableLine(line)}`),
      ];
      return {
        json: { ...row, title, text, runbook, source: JSON.parse(source) as unknown },
        text: `${lines.join('\n').trimEnd()}\n`,
      };
    },
  }),
  command({
    name: 'alerts silence',
    summary: 'keep one rule quiet for a while; it is on record, and told itself',
    details: `
What comes true meanwhile is on record as AlertFired, and nobody is told. That it is kept quiet is an alert of its own, ${NEVER_SILENT},
which cannot be silenced. It holds once it is on record in the management plane's log: alerts list says so.`,
    operands: 'RULE',
    wants: 'the name of a rule; alerts list has all',
    needs: { reason: '--reason TEXT: why, for those who read the log' },
    options: {
      'for DURATION': 'for so long: 45m, 12h, 7d; 30d at most',
      'until TIME': 'until then (ISO 8601)',
      'reason TEXT': 'why, for those who read the log',
      ...alertOptions,
    },
    examples: ['strongroom alerts silence settings-changed --for 2h --reason "change 4711"'],
    async run(values, [name]) {
      const { at, state, rules, folder } = opened(values.data);
      requireOwn(at.root);
      if (state === undefined) throw new CommandError(OFF.trim());
      const { name: rule } = ruleNamed(rules, name);
      if (rule === NEVER_SILENT) throw new CommandError(`${NEVER_SILENT} is always told`);
      const { reason } = values;
      if (reason.length > 200 || !isOneLine(reason))
        throw new UsageError('--reason must be one line of at most 200 characters');
      const silence = { id: randomUUID(), rule, until: untilOf(values), reason, by: oneLine(userInfo().username, 100) };
      const path = silencesFile(folder);
      const before = existsSync(path)
        ? explained(() => parseSilences(readFileSync(path, 'utf8')), { ShapeError: '' })
        : [];
      const kept = before.filter((each) => each.rule !== rule && Date.parse(each.until) > Date.now());
      await replaceFile(path, silencesText([...kept, silence]));
      return { json: silence, text: `${rule} is kept quiet until ${silence.until}, once that is on record.\n` };
    },
  }),
  test,
  command({
    name: 'alerts history',
    summary: 'list what came true, who was told of it, and what was given up, from the logs',
    options: {
      'rule RULE': 'only of this rule',
      'since TIME': 'from then on (default: 30 days ago)',
      'last N': 'only the last N of them',
      ...alertOptions,
    },
    examples: ['strongroom alerts history --last 20', 'strongroom alerts history --rule key-purge-tried --json'],
    run(values) {
      const since = values.since === undefined ? Date.now() - 30 * 86_400_000 : Date.parse(values.since);
      if (Number.isNaN(since)) throw new UsageError('--since must be a time such as 2026-11-25T08:00:00Z');
      if (values.last !== undefined && !/^[1-9]\d{0,8}$/.test(values.last)) {
        throw new UsageError('--last must be a number above 0');
      }
      const { data, rule } = values;
      const at = placesWithData(data);
      const ofRule = (from: number) =>
        historyOf(at, from).filter(({ detail }) => rule === undefined || detail['rule'] === rule);
      const all = ofRule(since).sort((a, b) => (a.time < b.time ? -1 : 1));
      // One that was taken out is still in the logs.
      if (rule !== undefined && all.length === 0 && ofRule(0).length === 0) ruleNamed(opened(data).rules, rule);
      const kept = values.last === undefined ? all : all.slice(-Number(values.last));
      const rows = kept.map(({ time, log, what, description }) => [time, log, what, printableLine(description)]);
      return { json: kept, text: table(['TIME', 'LOG', 'WHAT', ''], rows) };
    },
  }),
];

function outletRow({ outlet, waiting, taken, failing }: OutletStatus): readonly string[] {
  const of = [outlet, String(waiting), String(taken)];
  if (failing === undefined) return [...of, '-', '-', '-'];
  const { since, next, lastFailure } = failing;
  return [...of, since, waiting === 0 ? '-' : next, `${lastFailure.at} ${printableLine(lastFailure.why)}`];
}

function shown({ name, severity }: Rule, state: AlertState | undefined) {
  const severities = ['critical', 'warning', 'info'];
  const isTold = ({ least = 'info' }: { readonly least?: string }): boolean =>
    severities.indexOf(severity) <= severities.indexOf(least);
  const silence = state?.silences[name];
  const last = state?.last[name];
  return {
    rule: name,
    severity,
    outlets: (state?.settings.outlets ?? []).filter(isTold).map((outlet) => outlet.name),
    ...(last === undefined ? {} : { last: new Date(last).toISOString() }),
    ...(silence === undefined || !silence.isOnRecord || silence.until <= Date.now()
      ? {}
      : { silentUntil: new Date(silence.until).toISOString(), reason: silence.reason }),
  };
}

function untilOf(values: { readonly for?: string | undefined; readonly until?: string | undefined }): string {
  if ((values.for === undefined) === (values.until === undefined))
    throw new UsageError('give --for DURATION or --until TIME');
  const until =
    values.for === undefined ? Date.parse(values.until ?? '') : Date.now() + 1000 * readDuration(values.for);
  if (Number.isNaN(until)) throw new UsageError('--until must be a time such as 2026-11-25T08:00:00Z');
  if (until <= Date.now() || until > Date.now() + MOST_SILENCE_MS) {
    throw new UsageError('a rule is kept quiet for 30 days at most, from now on');
  }
  return new Date(until).toISOString();
}

const ACTS = /"operationName":"Alert(?:Fired|Delivered|GivenUp|Silenced)"/;

function historyOf(at: Places, since: number) {
  const logs = [
    ['@management', at.management.audit],
    ...instancesIn(at.root).map((name) => [name, at.instance(name).audit] as const),
  ] as const;
  return logs.flatMap(([log, folder]) => {
    if (!existsSync(folder)) return [];
    return [...openEntries(folder).from(0)].flatMap(({ index, text }) => {
      if (!ACTS.test(text)) return [];
      const entry = JSON.parse(text) as Readonly<Record<string, unknown>>;
      const { detail = {} } = entry['properties'] as { readonly detail?: Readonly<Record<string, unknown>> };
      const time = String(entry['time']);
      if (Date.parse(time) < since) return [];
      return [
        {
          time,
          log,
          index,
          what: String(entry['operationName']),
          description: String(entry['resultDescription']),
          detail,
        },
      ];
    });
  });
}
