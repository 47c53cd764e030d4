// A deployment that is well, for tests to make less so.
import type { Condition, InstanceCondition } from './readiness.ts';

export const NOW = Date.parse('2026-12-01T00:00:00.000Z');

export function wellInstance(name: string, less: Partial<InstanceCondition> = {}): InstanceCondition {
  return {
    name,
    activation: 'Active',
    storeRefused: false,
    workers: { ready: 2, wanted: 2 },
    silent: 0,
    modules: { ready: 4, wanted: 4 },
    recorder: true,
    recording: true,
    certificateEnds: '2027-03-01T00:00:00.000Z',
    ...less,
  };
}

export function wellDeployment(...instances: readonly InstanceCondition[]): Condition {
  return { control: true, managementRecorder: true, certificateEnds: '2027-03-01T00:00:00.000Z', instances };
}
