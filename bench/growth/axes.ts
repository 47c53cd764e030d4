// All that is measured against its number.
import type { Axis } from './axis.ts';
import { connectionsAxis } from './connections.ts';
import { keysAxis } from './keys.ts';
import { logEntriesAxis } from './log-entries.ts';
import { partitionsAxis, workersAxis } from './processes.ts';
import { roleAssignmentsAxis } from './role-assignments.ts';

export const axes: readonly Axis[] = [
  keysAxis,
  roleAssignmentsAxis,
  logEntriesAxis,
  workersAxis,
  partitionsAxis,
  connectionsAxis,
];
