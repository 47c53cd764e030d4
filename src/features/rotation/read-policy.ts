// Reads a rotation policy from a request. What could never come, or would come too soon, is refused by the name of its
// member; what is only unwise is told in a warning.
import { addDuration, type Duration, parseDuration, subtractDuration } from '../../formats/iso-duration.ts';
import { member, readOptionalObject, readOptionalText, wrongType } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter, type ServiceError } from '../../http/service-error.ts';
import { type ActionType, findAction, type LifetimeAction, type PolicyRules, type TriggerKind } from './policy.ts';

const DAY = 86_400;
/** No shorter life of a version, and no sooner rotation (the service's own minimum). */
const LEAST_DAYS = 28;
const MOST_YEARS = 100;
const TRIGGERS: readonly TriggerKind[] = ['timeAfterCreate', 'timeBeforeExpiry'];
/** Every day of nine years with a leap year, one that is left out, and the next: months and years in all their lengths. */
const FIRST_DAY = Date.UTC(2096, 0, 1) / 1000;
const DAYS: readonly number[] = Array.from({ length: 9 * 366 }, (_, day) => FIRST_DAY + day * DAY);

/** @throws ServiceError BadParameter */
export function readPolicyRules(body: JsonObject): PolicyRules {
  const attributes = readOptionalObject(body, 'attributes') ?? {};
  const expiryTime = readOptionalText(attributes, 'expiryTime');
  const expiry = expiryTime === undefined ? undefined : readDuration('attributes.expiryTime', expiryTime);
  if (expiry !== undefined && leastDays((day) => addDuration(day, expiry)) < LEAST_DAYS) {
    throw tooShort('attributes.expiryTime');
  }
  const lifetimeActions = readActions(body).map((action, index) => readAction(action, index, expiry));
  for (const type of ['Rotate', 'Notify'] satisfies ActionType[]) {
    if (lifetimeActions.filter((action) => action.type === type).length > 1) {
      throw badParameter(`Property 'lifetimeActions' must have at most one action ${type}`);
    }
  }
  return { lifetimeActions, ...(expiryTime === undefined ? {} : { expiryTime }) };
}

/** Nothing is set: what clears a policy. */
export function isEmpty({ lifetimeActions, expiryTime }: PolicyRules): boolean {
  return lifetimeActions.length === 0 && expiryTime === undefined;
}

/** What is allowed, and will surprise: told to who sets it, and to the record. */
export function policyWarning(rules: PolicyRules): string | undefined {
  const rotate = findAction(rules, 'Rotate');
  const expiry = parseDuration(rules.expiryTime ?? '');
  const after = rotate?.trigger === 'timeAfterCreate' ? parseDuration(rotate.time) : undefined;
  if (expiry === undefined || after === undefined) return undefined;
  const late = DAYS.some((day) => addDuration(day, after) >= addDuration(day, expiry));
  return late ? 'each version expires before it is rotated: timeAfterCreate is not shorter than expiryTime' : undefined;
}

function readActions(body: JsonObject): readonly unknown[] {
  const actions = member(body, 'lifetimeActions');
  if (isAbsent(actions)) return [];
  if (!Array.isArray(actions)) throw wrongType('lifetimeActions', 'a list');
  if (actions.length > 2) {
    throw badParameter("Property 'lifetimeActions' must have at most two actions");
  }
  return actions;
}

function readAction(value: unknown, index: number, expiry: Duration | undefined): LifetimeAction {
  const at = `lifetimeActions[${index}]`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(at, 'an object');
  const type = readType(`${at}.action`, readOptionalObject(value as JsonObject, 'action') ?? {});
  const trigger = readOptionalObject(value as JsonObject, 'trigger') ?? {};
  const kinds = TRIGGERS.filter((kind) => !isAbsent(member(trigger, kind)));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    throw badParameter(`Property '${at}.trigger' must have exactly one of timeAfterCreate and timeBeforeExpiry`);
  }
  const time = readOptionalText(trigger, kind) ?? '';
  checkTime(`${at}.trigger.${kind}`, { type, trigger: kind }, readDuration(`${at}.trigger.${kind}`, time), expiry);
  return { type, trigger: kind, time };
}

function readType(at: string, action: JsonObject): ActionType {
  const type = readOptionalText(action, 'type')?.toLowerCase();
  if (type === 'rotate') return 'Rotate';
  if (type === 'notify') return 'Notify';
  throw wrongType(`${at}.type`, "'Rotate' or 'Notify'");
}

function checkTime(
  at: string,
  { type, trigger }: Pick<LifetimeAction, 'type' | 'trigger'>,
  time: Duration,
  expiry: Duration | undefined,
): void {
  if (trigger === 'timeAfterCreate') {
    if (type === 'Notify') throw wrongType(at, 'left out: Notify takes timeBeforeExpiry only');
    if (leastDays((day) => addDuration(day, time)) < LEAST_DAYS) throw tooShort(at);
    return;
  }
  // Without one the version that is current says when it expires.
  if (expiry === undefined) return;
  const least = type === 'Rotate' ? LEAST_DAYS : 0;
  if (leastDays((day) => subtractDuration(addDuration(day, expiry), time)) >= least) return;
  throw badParameter(
    type === 'Rotate'
      ? `Property '${at}' must leave at least 28 days (P28D) from creation to rotation: at most expiryTime less P28D`
      : `Property '${at}' must not be longer than attributes.expiryTime`,
  );
}

function readDuration(at: string, text: string): Duration {
  const duration = parseDuration(text);
  if (duration === undefined) throw wrongType(at, 'an ISO 8601 duration such as P90D, P1Y6M or PT1440H');
  const start = DAYS[0] ?? 0;
  // Not a number, for durations that leave the calendar, is no smaller either.
  if (addDuration(start, duration) <= addDuration(start, CENTURY)) return duration;
  throw wrongType(at, `at most ${MOST_YEARS} years`);
}

const CENTURY: Duration = { years: MOST_YEARS, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };

/** The fewest days from a day to what follows from it, whatever day it is. */
function leastDays(following: (day: number) => number): number {
  return Math.min(...DAYS.map((day) => following(day) - day)) / DAY;
}

function tooShort(at: string): ServiceError {
  return wrongType(at, `at least ${LEAST_DAYS} days (P${LEAST_DAYS}D)`);
}
