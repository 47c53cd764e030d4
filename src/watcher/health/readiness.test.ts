import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watched } from '../../links/watcher-messages.ts';
import { NOW, wellDeployment, wellInstance } from './health.fixture.ts';
import { type Condition, type InstanceCondition, judgeCondition, judgeInstance } from './readiness.ts';

const troubleOf = (checks: ReturnType<typeof judgeCondition>) =>
  checks
    .filter(({ status }) => status !== 'pass')
    .map(
      ({ component, measurement, status, observedValue }) => `${component}:${measurement} ${status} ${observedValue}`,
    );

test('a deployment that is well has nothing to say, and every measurement is named', () => {
  const checks = judgeCondition(wellDeployment(wellInstance('dev')), NOW);
  assert.deepEqual(troubleOf(checks), []);
  assert.deepEqual(
    checks.map(({ component, measurement }) => `${component}:${measurement}`),
    ['control:process', 'control:certificate', 'management:recorder'].concat(
      ['activation', 'workers', 'modules', 'recorder', 'certificate'].map((each) => `dev:${each}`),
    ),
  );
  assert.deepEqual(
    checks.map(({ output }) => output).filter((output) => output !== undefined),
    [],
  );
});

test('a supervisor that was there before an update, and does not say who is silent, is read', () => {
  const { silent: _, certificateEnds: __, ...instance } = wellInstance('dev');
  const told = { instances: [instance], processes: { control: true, managementRecorder: true } };
  const [heard = assert.fail()] = watched.decode(watched.encode(told)).instances;
  assert.deepEqual(troubleOf(judgeInstance({ ...wellInstance('dev'), ...heard }, NOW)), []);
});

const troubles: readonly (readonly [Partial<InstanceCondition>, readonly string[]])[] = [
  [{ activation: 'NotActivated' }, ['activation fail NotActivated']],
  [{ activation: 'Locked', modules: { ready: 0, wanted: 4 } }, ['activation fail Locked']],
  [{ activation: 'Stopped', workers: { ready: 0, wanted: 2 }, recorder: false }, ['activation fail Stopped']],
  [{ activation: 'Failed', workers: { ready: 0, wanted: 2 } }, ['activation fail Failed', 'workers fail 0']],
  [
    { activation: 'Failed', storeRefused: true, workers: { ready: 0, wanted: 2 } },
    ['activation fail StoreRefused', 'workers fail 0'],
  ],
  [{ activation: 'Unknown', workers: { ready: 0, wanted: 2 } }, ['activation fail Unknown', 'workers fail 0']],
  [{ workers: { ready: 1, wanted: 2 } }, ['workers warn 1']],
  [{ workers: { ready: 1, wanted: 2 }, silent: 1 }, ['workers fail 1']],
  [{ workers: { ready: 0, wanted: 2 }, silent: 2 }, ['workers fail 0']],
  [{ modules: { ready: 0, wanted: 4 } }, ['modules fail 0']],
  [{ modules: { ready: 3, wanted: 4 } }, ['modules warn 3']],
  [{ recorder: false }, ['recorder fail down']],
  [{ recording: false }, ['recorder fail behind']],
  [{ certificateEnds: '2026-12-15T00:00:00.000Z' }, []],
  [{ certificateEnds: '2026-12-14T23:59:59.000Z' }, ['certificate warn 13']],
  [{ certificateEnds: '2026-12-01T00:00:00.000Z' }, ['certificate warn 0']],
  [{ certificateEnds: '2026-11-30T23:59:59.999Z' }, ['certificate fail -1']],
];

for (const [less, expected] of troubles) {
  test(`${JSON.stringify(less)}: ${expected.join(', ') || 'well'}`, () => {
    const checks = judgeInstance(wellInstance('east', less), NOW);
    assert.deepEqual(
      troubleOf(checks),
      expected.map((each) => `east:${each}`),
    );
    for (const { status, output } of checks) assert.equal(output !== undefined, status !== 'pass');
  });
}

test('without control nobody is led anywhere; without the management log keys are still used', () => {
  const less: readonly (readonly [Partial<Condition>, readonly string[]])[] = [
    [{ control: false }, ['control:process fail down']],
    [{ managementRecorder: false }, ['management:recorder warn down']],
    [{ certificateEnds: '2026-11-01T00:00:00.000Z' }, ['control:certificate fail -30']],
  ];
  for (const [each, expected] of less)
    assert.deepEqual(troubleOf(judgeCondition({ ...wellDeployment(), ...each }, NOW)), expected);
});
