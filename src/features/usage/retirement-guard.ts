// Whether a key may be taken from those who use it: the list of who did in the last days, and what the setting says to that. A
// reason lets everything pass, and is put on record: the guard keeps from mistakes, and from nobody who means it.
import { isDeepStrictEqual } from 'node:util';
import { isoTime } from '../../formats/iso-time.ts';
import { ownCommand } from '../../formats/own-command.ts';
import type { GrantHeaders } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { DAY_MS } from '../audit/index/usage.ts';
import type { Retired, Retirement, RetirementGuard } from '../keys/retirement.ts';
import { readReason } from '../roles/terms.ts';
import type { Usage } from './usage-of.ts';
import { type Dependence, dependencesIn } from './uses.ts';

const DAY = 86_400;
/** In a message. */
const MOST_NAMED = 5;
/** With a reason, users are looked for so long. */
const PATIENCE_S = 2;
/** Another change came in between so many times in a row. */
const ATTEMPTS = 4;

export interface Guarding {
  readonly usage: Pick<Usage, 'uses'>;
  readonly settings: {
    value(name: 'StrongroomRetirementGuard'): string;
    number(name: 'StrongroomRetirementGuardDays'): number;
  };
  /** Unix seconds, as the log has its time. */
  readonly systemNow: () => number;
  readonly report: (what: string, error: unknown) => void;
}

export function openGuard({ usage, settings, systemNow, report }: Guarding): RetirementGuard {
  const judge = async (...[by, grantHeaders]: Parameters<RetirementGuard['change']>): Promise<Judgement> => {
    const mode = settings.value('StrongroomRetirementGuard');
    if (mode === 'off') return { holds: () => true, passes: true, late: () => undefined };
    const days = settings.number('StrongroomRetirementGuardDays');
    const retirement = by(days);
    const holds = (): boolean => isDeepStrictEqual(by(days), retirement);
    const late = (): Retired | undefined => {
      const lost = by(days);
      if (lost === undefined) return undefined;
      const warning = unknownText(lost, 'the key was changed whenever it was looked for');
      return { warning, detail: { usedBy: [], reason: reasonIn(grantHeaders()) } };
    };
    if (retirement === undefined) return { holds, late, passes: mode === 'warn' };
    const since = isoTime(systemNow() - days * DAY);
    const reason = reasonIn(grantHeaders());
    using patience = patienceWith(reason);
    const found = await Promise.race([whoUsed(usage, retirement, since, report), patience.over]);
    const passes = mode === 'warn' || reason !== undefined;
    if (typeof found !== 'string' && found.length === 0) return { holds, late, passes };
    const warning = typeof found === 'string' ? unknownText(retirement, found) : usedText(retirement, days, found);
    const usedBy = typeof found === 'string' ? [] : [...new Set(found.map(({ principal }) => principal))];
    if (passes) return { holds, late, passes, retired: { warning, detail: { usedBy, reason } } };
    throw new ServiceError('Conflict', `${warning}. ${wayOut(retirement)}`, {
      innerCode: typeof found === 'string' ? 'UsageUnknown' : 'KeyInUse',
    });
  };
  return {
    async change(by, grantHeaders, make) {
      for (let attempt = 1; ; attempt++) {
        const { holds, late, passes, retired } = await judge(by, grantHeaders, make);
        const isLast = attempt === ATTEMPTS;
        let told = retired;
        try {
          const made = await make(() => {
            if (holds()) return;
            if (!(passes && isLast)) throw new Unjudged();
            told = late();
          });
          return { made, retired: told };
        } catch (error) {
          if (!(error instanceof Unjudged) || isLast) throw error;
        }
      }
    },
  };
}

interface Judgement {
  /** What is taken away is still what was judged. */
  holds(): boolean;
  /** It is made whoever uses the key. */
  readonly passes: boolean;
  readonly retired?: Retired;
  /** What is told where it is made on a state that was not judged. */
  late(): Retired | undefined;
}

/** The key was changed after its users were looked for: what is taken away is another version, or other operations. */
class Unjudged extends ServiceError {
  constructor() {
    super('Conflict', 'The key was changed whenever it was looked for who uses it. Ask again', {
      innerCode: 'UsageUnknown',
    });
  }
}

type Found = readonly Dependence[] | string;

/** Whoever says why may do it in any case, and waits a moment alone to be told whom it concerns. */
function patienceWith(reason: string | undefined): Disposable & { readonly over: Promise<string> } {
  const { promise: over, resolve } = Promise.withResolvers<string>();
  const timer =
    reason === undefined
      ? undefined
      : setTimeout(() => resolve(`its log could not be read within ${PATIENCE_S} s`), PATIENCE_S * 1000);
  return { over, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** @returns a text: why it cannot be told */
async function whoUsed(
  usage: Pick<Usage, 'uses'>,
  { name, versions, operations }: Retirement,
  since: string,
  report: Guarding['report'],
): Promise<Found> {
  try {
    const { uses, gaveUp, entries, indexed = 0 } = await usage.uses(dayOf(since));
    // A key of that name that was purged before was another one.
    const found = dependencesIn(uses, name).filter(
      ({ version, operation, last }) =>
        versions.includes(version) && last >= since && (operations?.has(operation) ?? true),
    );
    // Whoever was found is reason enough, whatever else there is.
    return gaveUp && found.length === 0
      ? `only the newest ${entries} entries of the log could be looked at, and its index, which is brought up to it now, has its first ${indexed}`
      : found;
  } catch (error) {
    report('who uses a key cannot be told', error);
    return 'its log could not be read';
  }
}

function reasonIn({ reason }: GrantHeaders): string | undefined {
  return reason === undefined ? undefined : readReason(reason);
}

function usedText(retirement: Retirement, days: number, dependants: readonly Dependence[]): string {
  const named = dependants
    .slice(0, MOST_NAMED)
    .map(({ principal, operation, count, last }) => `${principal} (${operation}, ${count} times, last ${last})`);
  const more = dependants.length > MOST_NAMED ? ` and ${dependants.length - MOST_NAMED} more` : '';
  return capital(`${subject(retirement)} was used in the last ${days} days by ${named.join(', ')}${more}`);
}

function unknownText(retirement: Retirement, why: string): string {
  return `Whether ${subject(retirement)} is used is not known: ${why}`;
}

function subject({ what, how }: Retirement): string {
  return `${what}, to be ${how},`;
}

function wayOut({ name }: Retirement): string {
  return (
    `Lead its users elsewhere first (${ownCommand(`key dependants ${name}`)} lists them), or say why it is done all the same: in the ` +
    `header x-strongroom-reason, or for az and SDKs by eval "$(${ownCommand("reason 'why'")})". The setting StrongroomRetirementGuard asks for it`
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** That a time of the log is of. */
export function dayOf(time: string): number {
  return Math.floor(Date.parse(time) / DAY_MS);
}
