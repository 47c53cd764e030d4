import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '../../http/service-error.ts';
import { StoreError } from '../../store/port.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { readClockChange } from './change-clock.ts';
import { clockKind, MAX_OFFSET, openClock } from './instance-clock.ts';

test('time is whole seconds of the system plus what the record says, where travelling is allowed', () => {
  let travels = true;
  let jumps = 0;
  const clock = openClock({ systemNow: () => 100.9, travels: () => travels, jumped: () => void jumps++ });
  assert.equal(clock.now(), 100);
  feeding(clock.follows)(clockKind.put('', { offset: 50 }));
  assert.deepEqual([clock.now(), clock.offset, jumps], [150, 50, 1]);
  travels = false;
  assert.deepEqual([clock.now(), clock.offset], [100, 0], 'a record alone moves no clock');
  travels = true;
  feeding(clock.follows)(clockKind.remove());
  feeding(clock.follows)({ name: 'clock/other', value: Buffer.from('?') });
  assert.deepEqual([clock.now(), jumps], [100, 2]);
});

test('a record that holds no offset stops the instance', () => {
  const clock = openClock({ systemNow: () => 0, travels: () => true, jumped: () => undefined });
  for (const offset of [-1, 0.5, MAX_OFFSET + 1, '5', null]) {
    assert.throws(
      () => feeding(clock.follows)({ name: clockKind.of, value: Buffer.from(JSON.stringify({ offset })) }),
      StoreError,
    );
  }
});

test('a travel goes forward by so many seconds or back to real time, and is nothing else', () => {
  assert.deepEqual(readClockChange({ advanceSeconds: 5 }), { kind: 'advance', seconds: 5 });
  assert.deepEqual(readClockChange({ reset: true }), { kind: 'reset' });
  for (const body of [
    {},
    { advanceSeconds: 0 },
    { advanceSeconds: -5 },
    { advanceSeconds: 1.5 },
    { advanceSeconds: '5s' },
    { advanceSeconds: MAX_OFFSET + 1 },
    { reset: false },
    { advanceSeconds: 5, reset: true },
  ]) {
    assert.throws(() => readClockChange(body), ServiceError, JSON.stringify(body));
  }
});
