// What an outlet is given to send: alerts of one rule and one log, in one message that is the same whenever it is sent, but for tests.
import { hostname } from 'node:os';
import { cloudEvent } from '../../formats/cloud-event.ts';
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { oneLine } from '../../formats/printable.ts';
import type { Alert, Message } from './alert-state.ts';
import type { Rule } from './rule.ts';

export interface Telling {
  readonly id: string;
  readonly severity: Alert['severity'];
  /** `[critical] TITLE: INSTANCE at HOST`, for a line. */
  readonly subject: string;
  /** When the last of them happened. */
  readonly time: string;
  /** For people. */
  readonly text: string;
  /** JSON of a CloudEvent. */
  readonly event: string;
  /** Each by itself, in a CloudEvent of its own id. */
  readonly each: readonly (Pick<Alert, 'id' | 'rule' | 'log' | 'time'> & { readonly event: string })[];
}

export const MOST_IN_MESSAGE = 100;
const TYPE = 'Strongroom.Alert';
const A_TEST = 'This is a test. It happened in an HSM that was made for it and is thrown away: there is nothing to do.';
export const MANAGEMENT = '@management';

/**
 * @param rule absent: it is no rule any more @param source ARM id of the instance; ''
 * @param testedAt milliseconds: every form of it says that it is a test, and nothing in it is later, as clocks are moved for tests
 */
export function telling(
  { id, alerts: kept }: Message,
  rule: Rule | undefined,
  source: string,
  testedAt?: number,
): Telling {
  const isTest = testedAt !== undefined;
  const alerts = isTest ? kept.map((alert) => ({ ...alert, time: noLater(alert.time, testedAt) })) : kept;
  const [first] = alerts;
  const last = alerts.at(-1) ?? first;
  if (first === undefined || last === undefined) throw new TypeError('a message without alerts');
  const { severity, log } = first;
  const title = `${isTest ? 'TEST: ' : ''}${rule?.title ?? first.rule}`;
  const name = `${log === '' ? 'Strongroom' : log} at ${hostname()}`;
  const subject = `[${severity}] ${title}: ${name}${alerts.length === 1 ? '' : ` (${alerts.length} alerts)`}`;
  const told = alerts.map(({ id: Id, time: Time, what: What, more: More, index: Index, entry: Entry }) => ({
    ...{ Id, Time, What, More, Index, Entry },
  }));
  const eventOf = (eventId: string, time: string, Alerts: typeof told): string => {
    const data = {
      Rule: first.rule,
      Severity: severity,
      Title: title,
      Text: `${isTest ? `${A_TEST} ` : ''}${rule?.text ?? ''}`,
      Runbook: rule?.runbook ?? '',
      HsmName: log === MANAGEMENT ? '' : log,
      Host: hostname(),
      ...(isTest ? { Test: true } : {}),
      Alerts,
    };
    const shown = { id: eventId, type: TYPE, subject: first.rule, time, data };
    return cloudEvent(source === '' ? '/strongroom' : source, shown);
  };
  const each = alerts.map(({ id: alert, rule: of, log: about, time }, at) => ({
    ...{ id: alert, rule: of, log: about, time },
    event: eventOf(alert, time, told.slice(at, at + 1)),
  }));
  return {
    ...{
      id,
      severity,
      subject: oneLine(subject, 200),
      time: last.time,
      text: (isTest ? `${A_TEST}\n\n` : '') + inWords(alerts, rule),
    },
    event: eventOf(id, last.time, told),
    each,
  };
}

function noLater(time: string, than: number): string {
  return new Date(Math.min(Date.parse(time), than)).toISOString();
}

function inWords(alerts: readonly Alert[], rule: Rule | undefined): string {
  const lines = alerts.flatMap(({ time, what, more, log, index }) => [
    `${time}  ${oneLine(what)}`,
    ...(more === 0 ? [] : [`  and ${more} more of the same since the one before was told`]),
    ...(index === undefined ? [] : [`  ${ownCommand(`audit show${logWords(log)} --index ${index} --json`)}`]),
  ]);
  const about = rule === undefined ? [] : [rule.text, `What to do: ${rule.runbook}`];
  return [...lines, '', `Host: ${hostname()}`, ...about, ''].join('\n');
}

function logWords(log: string): string {
  return log === MANAGEMENT ? ' --management' : optionWords({ 'hsm-name': log });
}
