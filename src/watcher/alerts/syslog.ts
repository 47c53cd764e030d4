// Alerts as messages of syslog, one for each: receivers cut what is long.
import type { OutletOf } from '../../deployment/alert-settings.ts';
import { openSyslog, SYSLOG_PORT, syslogFrame } from '../syslog.ts';
import type { Telling } from './message.ts';
import type { Outlet, OutletSurroundings } from './outlet.ts';

/** @throws when a file cannot be read */
export function syslog(settings: OutletOf<'syslog'>, { readFile }: OutletSurroundings): Outlet {
  const { host, port = SYSLOG_PORT, enterpriseNumber } = settings;
  const send = openSyslog(settings, readFile);
  return {
    place: `syslog://${host}:${port}`,
    async send(message, stopping) {
      const why = await send(framesOf(message, enterpriseNumber), stopping);
      return why === undefined ? { outcome: 'taken', detail: 'took it' } : { outcome: 'failed', detail: why };
    },
  };
}

function framesOf({ severity, each }: Telling, enterpriseNumber: number | undefined): readonly Buffer[] {
  return each.flatMap(({ id, rule, log, time, event }) => {
    const data = { rule, alert: id, ...(log === '' ? {} : { instance: log }) };
    return syslogFrame({ severity, time, messageId: rule, data, enterpriseNumber }, Buffer.from(event));
  });
}
