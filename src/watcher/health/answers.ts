// What the health listener answers: Kubernetes' three paths, as text in Kubernetes' form, or as JSON for whoever asks for that.
import type { Check } from './readiness.ts';

export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface HealthSources {
  /** Whether the supervisor has been heard lately; that this process runs, the answer itself shows. */
  isAlive(): boolean;
  /** Of the whole deployment, or one instance: undefined, there is none of this name. */
  checks(instance: string | undefined): readonly Check[] | undefined;
  /** What Prometheus reads. */
  metrics?(): Promise<Pick<HealthAnswer, 'contentType' | 'text'>>;
}

const TEXT = 'text/plain; charset=utf-8';

/** @param target as it stands in the request line; GET and HEAD come here alone */
export async function answerHealth(sources: HealthSources, target: string, accept: string): Promise<HealthAnswer> {
  const url = URL.parse(target, 'http://health');
  if (url === null) return plain(400, 'this is no path\n');
  const { pathname, searchParams } = url;
  const asJson = /\bjson\b/.test(accept);
  if (pathname === '/livez') {
    const checks = [alive(sources.isAlive())];
    return shown('livez', checks, asJson);
  }
  if (pathname === '/readyz') return ready(sources, searchParams.get('instance') ?? undefined, asJson);
  const named = /^\/readyz\/([\w-]+)$/.exec(pathname)?.[1];
  if (named !== undefined) return ready(sources, named, asJson);
  if (pathname === '/metrics' && sources.metrics !== undefined) return { status: 200, ...(await sources.metrics()) };
  return plain(404, 'here are /livez, /readyz, /readyz/INSTANCE and /metrics\n');
}

export function plain(status: number, text: string): HealthAnswer {
  return { status, contentType: TEXT, text };
}

function ready(sources: HealthSources, instance: string | undefined, asJson: boolean): HealthAnswer {
  const checks = sources.checks(instance);
  if (checks === undefined) return plain(404, 'there is no such instance\n');
  // What was said last counts no more when nothing is heard.
  const live = alive(sources.isAlive());
  return shown('readyz', live.status === 'pass' ? checks : [live, ...checks], asJson);
}

function alive(isAlive: boolean): Check {
  const place = { component: 'supervisor', measurement: 'process' } as const;
  return isAlive
    ? { ...place, status: 'pass', observedValue: 'ready' }
    : { ...place, status: 'fail', observedValue: 'silent', output: 'it has not been heard for too long' };
}

function shown(what: string, checks: readonly Check[], asJson: boolean): HealthAnswer {
  const worst = (['fail', 'warn'] as const).find((each) => checks.some(({ status }) => status === each)) ?? 'pass';
  const status = worst === 'fail' ? 503 : 200;
  if (!asJson)
    return plain(status, [...checks.map(lineOf), `${what} check ${status === 200 ? 'passed' : 'failed'}\n`].join(''));
  const members = Object.groupBy(
    checks.map(({ component, measurement, ...check }) => ({ at: `${component}:${measurement}`, check })),
    ({ at }) => at,
  );
  const document = {
    status: worst,
    checks: Object.fromEntries(
      Object.entries(members).map(([at, of = []]) => [
        at,
        of.map(({ check }) => ({ componentType: 'component', ...check })),
      ]),
    ),
  };
  return { status, contentType: 'application/health+json', text: `${JSON.stringify(document, null, 2)}\n` };
}

function lineOf({ component, measurement, status, output }: Check): string {
  const at = `[${status === 'fail' ? '-' : '+'}]${component}:${measurement}`;
  if (status === 'pass') return `${at} ok\n`;
  return `${at} ${status === 'fail' ? 'failed' : 'ok'}: ${output ?? ''}\n`;
}
