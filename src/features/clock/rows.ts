// The clock rows, which only an instance of the dev profile has: show the time, move it.

import { changesOf } from '../../http/entry-detail.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { type ClockChange, readClockChange, travel } from './change-clock.ts';
import type { InstanceClock } from './instance-clock.ts';

const PATH = '/strongroom/clock';
const ACTION = 'Microsoft.KeyVault/managedHsm/settings';

export function clockRows(clock: InstanceClock): readonly AnyRow[] {
  const shape = (): object => ({ now: clock.now(), offsetSeconds: clock.offset });
  return [
    row({
      method: 'GET',
      path: PATH,
      operationName: 'ClockGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'root',
      handle: () => ({ status: 200, body: shape() }),
    }),
    row<ClockChange>({
      method: 'POST',
      path: PATH,
      operationName: 'ClockTravel',
      dataAction: `${ACTION}/write/action`,
      scope: 'root',
      readBody: readClockChange,
      async handle({ body, commit }) {
        const before = clock.offset;
        const head = await travel(body, commit, clock);
        const detail = { changes: changesOf({ offsetSeconds: before }, { offsetSeconds: clock.offset }) };
        return { status: 200, body: shape(), head, detail };
      },
    }),
  ];
}
