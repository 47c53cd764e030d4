import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outletSamples, sinkSamples, witnessSamples } from './told-by-parts.ts';

test('a sink has its lag in each log, by its name', () => {
  const behind = { entries: 7, seconds: 1.5 };
  assert.deepEqual(
    sinkSamples([{ sink: 'siem', log: '@management', behind, refused: 2 }]).map(({ name, hsm, labels, value }) => [
      name,
      hsm,
      labels?.['sink'],
      value,
    ]),
    [
      ['strongroom_sink_lag_entries', '@management', 'siem', 7],
      ['strongroom_sink_lag_seconds', '@management', 'siem', 1.5],
      ['strongroom_sink_refused_entries', '@management', 'siem', 2],
    ],
  );
});

test('an outlet of alerts has what waits for it, and for how long it has failed', () => {
  assert.deepEqual(
    outletSamples([
      { outlet: 'mail', waiting: 3, failing: { seconds: 90 } },
      { outlet: 'hook', waiting: 0 },
    ]),
    [
      { name: 'strongroom_alert_outlet_waiting_alerts', labels: { outlet: 'mail' }, value: 3 },
      { name: 'strongroom_alert_outlet_failing_seconds', labels: { outlet: 'mail' }, value: 90 },
      { name: 'strongroom_alert_outlet_waiting_alerts', labels: { outlet: 'hook' }, value: 0 },
      { name: 'strongroom_alert_outlet_failing_seconds', labels: { outlet: 'hook' }, value: 0 },
    ],
  );
});

test('a log that a witness has signed says when, one that none has signed 0, and one that is gone nothing', () => {
  const samples = witnessSamples([
    { instance: 'prod', isManagement: false, cosignedAt: 100 },
    { isManagement: true, cosignedAt: 200 },
    { instance: 'new', isManagement: false, cosignedAt: undefined },
    { isManagement: false, cosignedAt: 300 },
  ]);
  assert.deepEqual(
    samples.map(({ hsm, value }) => [hsm, value]),
    [
      ['prod', 100],
      ['@management', 200],
      ['new', 0],
    ],
  );
});
